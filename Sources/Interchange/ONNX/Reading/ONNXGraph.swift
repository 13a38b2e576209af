// SPDX-License-Identifier: Apache-2.0

/// A `GraphProto`: its tensors, and where its nodes lie.
struct ONNXGraph {
    var name = ""
    var initializers: [ONNXTensor] = []
    /// Each `NodeProto`.
    var nodes: [Range<Int>] = []
    /// Nodes of the operator `Constant`, as indices into ``nodes``.
    var constants: [Int] = []
    var inputs: [ONNXValue] = []
    var outputs: [ONNXValue] = []
    /// Names and dimensions of `SparseTensorProto` initialisers.
    var sparse: [(name: String, dimensions: [Int])] = []
    /// Domains of the nodes' operators other than ONNX's own, subgraphs included.
    var foreignDomains: Set<String> = []
    /// Graphs in attributes: bodies of `If` and `Loop`.
    var subgraphCount = 0
    /// Inputs, outputs and attributes of all nodes together.
    var linkCount = 0

    /// Far above real models, and low enough that a file of empty messages stays harmless.
    static let tensorLimit = 1 << 16
    static let nodeLimit = 1 << 18
    private static let valueLimit = 1 << 16
    /// Graphs inside graphs.
    private static let depthLimit = 16

    init() {}

    init(_ message: ProtobufReader) throws(InterchangeError) {
        try self.init(message, depth: 0)
    }

    private init(_ message: ProtobufReader, depth: Int) throws(InterchangeError) {
        guard depth < Self.depthLimit else {
            throw message.failure("more than \(Self.depthLimit) graphs inside one another")
        }
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1:
                guard nodes.count < Self.nodeLimit else {
                    throw reader.failure("more than \(Self.nodeLimit) nodes")
                }
                try survey(reader.message(field, type: "NodeProto"), depth: depth)
                nodes.append(try reader.range(field))
            case 2: name = try reader.text(field)
            case 5:
                try checkRoom(reader)
                initializers.append(try ONNXTensor(reader.message(field, type: "TensorProto")))
            case 11: try append(reader, field, to: &inputs)
            case 12: try append(reader, field, to: &outputs)
            case 15:
                try checkRoom(reader)
                try addSparse(reader.message(field, type: "SparseTensorProto"))
            default: break
            }
        }
    }

    private func checkRoom(_ reader: ProtobufReader) throws(InterchangeError) {
        guard initializers.count + sparse.count < Self.tensorLimit else {
            throw reader.failure("more than \(Self.tensorLimit) initialisers")
        }
    }

    private func append(
        _ reader: ProtobufReader, _ field: ProtobufReader.Field, to values: inout [ONNXValue]
    ) throws(InterchangeError) {
        guard values.count < Self.valueLimit else {
            throw reader.failure("more than \(Self.valueLimit) inputs or outputs")
        }
        values.append(try ONNXValue(reader.message(field, type: "ValueInfoProto")))
    }

    /// Checks a node's form and notes what is unusual about it; decodes nothing.
    private mutating func survey(
        _ message: ProtobufReader, depth: Int
    ) throws(InterchangeError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1, 2:
                _ = try reader.range(field)
                linkCount += 1
            case 4:
                let name = try reader.range(field)
                if reader.bytes[name].elementsEqual("Constant".utf8) {
                    constants.append(nodes.count)
                }
            case 5:
                linkCount += 1
                try surveyAttribute(reader.message(field, type: "AttributeProto"), depth: depth)
            case 7:
                let domain = try reader.text(field)
                // Distinct names are few in honest files; the rest are told by these.
                if domain != "", domain != "ai.onnx", foreignDomains.count < 64 {
                    foreignDomains.insert(domain)
                }
            default: break
            }
        }
    }

    private mutating func surveyAttribute(
        _ message: ProtobufReader, depth: Int
    ) throws(InterchangeError) {
        var reader = message
        while let field = try reader.next() {
            guard field.number == 6 || field.number == 11 else { continue }
            let inner = try ONNXGraph(
                reader.message(field, type: "GraphProto"), depth: depth + 1)
            subgraphCount += 1 + inner.subgraphCount
            if foreignDomains.count < 64 { foreignDomains.formUnion(inner.foreignDomains) }
        }
    }

    /// A sparse initialiser is named by its values.
    private mutating func addSparse(_ message: ProtobufReader) throws(InterchangeError) {
        var reader = message
        var (name, dimensions) = ("", [Int]())
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try ONNXTensor(reader.message(field, type: "TensorProto")).name
            case 3:
                try reader.appendIntegers(field, to: &dimensions, limit: ONNXTensor.rankLimit)
            default: break
            }
        }
        sparse.append((name, dimensions))
    }
}

/// A `ValueInfoProto`: the name and, for tensors, the type of an input or output.
struct ONNXValue {
    var name = ""
    /// A `TensorProto.DataType`; nil for sequences, maps and optional values.
    var dataType: Int?
    /// Nil for a symbolic or unknown extent.
    var dimensions: [Int?]?

    init(_ message: ProtobufReader) throws(InterchangeError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.text(field)
            case 2: try readType(reader.message(field, type: "TypeProto"))
            default: break
            }
        }
    }

    private mutating func readType(_ message: ProtobufReader) throws(InterchangeError) {
        var reader = message
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            var tensor = try reader.message(field, type: "TypeProto.Tensor")
            while let field = try tensor.next() {
                switch field.number {
                case 1: dataType = try tensor.integer(field)
                case 2: dimensions = try Self.shape(tensor.message(field, type: "TensorShapeProto"))
                default: break
                }
            }
        }
    }

    private static func shape(_ message: ProtobufReader) throws(InterchangeError) -> [Int?] {
        var reader = message
        var dimensions: [Int?] = []
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            guard dimensions.count < ONNXTensor.rankLimit else {
                throw reader.failure("more than \(ONNXTensor.rankLimit) dimensions")
            }
            var dimension = try reader.message(field, type: "Dimension")
            var extent: Int?
            while let field = try dimension.next() {
                if field.number == 1 { extent = try dimension.integer(field) }
            }
            dimensions.append(extent)
        }
        return dimensions
    }
}
