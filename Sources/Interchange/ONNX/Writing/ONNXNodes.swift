// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A graph in Retort's form as `NodeProto` messages.
struct ONNXNodes {
    private(set) var messages: [ProtobufWriter] = []
    /// `ValueInfoProto` messages.
    private(set) var input: ProtobufWriter?
    private(set) var output: ProtobufWriter?
    /// Parameters that no tensor of the content holds.
    private(set) var impliedEntries: [WeightEntry] = []

    let path: String
    private let entries: [String: WeightEntry]
    /// Entries by the graph's name of the parameter.
    private var holders: [String: String] = [:]
    /// Each node's value.
    private var values: [String: String] = [:]
    /// Axes of each node's value, the batch left out.
    private var ranks: [String: Int] = [:]
    private var taken: Set<String>
    private var casts: [String: String] = [:]

    var byteCount: Int { messages.reduce(0) { $0 + $1.bytes.count + 10 } }

    /// No operators.
    init() {
        path = ""
        entries = [:]
        taken = []
    }

    /// - Throws: ``InterchangeError`` naming the node or parameter that does not fit.
    init(
        _ graph: JSON, of entries: [WeightEntry], _ model: ModelDescription, path: String
    ) throws(InterchangeError) {
        self.path = path
        var byName: [String: WeightEntry] = [:]
        for entry in entries { byName[entry.name] = entry }
        taken = Set(byName.keys)
        for (entry, parameter) in model.parameters where byName[entry] != nil {
            holders[parameter] = entry
        }
        for (parameter, tensor) in model.implied.sorted(by: { $0.key < $1.key })
        where holders[parameter] == nil {
            let name = Self.unique(parameter, &taken)
            let entry = WeightEntry(name: name, tensor: tensor)
            impliedEntries.append(entry)
            byName[name] = entry
            holders[parameter] = name
        }
        self.entries = byName
        let nodes = try GraphLayer.layers(of: graph, path: path)
        guard let first = nodes.first, first.operation == "input", nodes.count > 1,
            let last = nodes.last
        else {
            throw InterchangeError(.mismatch, path, "the graph does not begin with its input")
        }
        for node in nodes {
            let wish = node.name == last.name ? "logits" : node.name
            values[node.name] = Self.unique(wish, &taken)
            try add(node)
        }
        let classes = last.operation == "dense" ? try last.integer("units") : nil
        output = Self.valueInfo(
            values[last.name] ?? "",
            [.symbol("N")] + [
                classes.map { .extent($0) } ?? .symbol("classes")
            ])
    }

    static func unique(_ wish: String, _ taken: inout Set<String>) -> String {
        var name = wish
        while !taken.insert(name).inserted { name += "_" }
        return name
    }

    // MARK: Messages

    enum Dimension {
        case extent(Int)
        case symbol(String)
    }

    /// A `ValueInfoProto` of floats.
    static func valueInfo(_ name: String, _ dimensions: [Dimension]) -> ProtobufWriter {
        var shape = ProtobufWriter()
        for dimension in dimensions {
            var message = ProtobufWriter()
            switch dimension {
            case .extent(let extent): message.field(1, extent)
            case .symbol(let name): message.field(2, name)
            }
            shape.field(1, message)
        }
        var tensor = ProtobufWriter()
        tensor.field(1, 1)
        tensor.field(2, shape)
        var type = ProtobufWriter()
        type.field(1, tensor)
        var value = ProtobufWriter()
        value.field(1, name)
        value.field(2, type)
        return value
    }

    mutating func setInput(_ node: GraphLayer) throws(InterchangeError) {
        let shape = try node.integers("shape")
        ranks[node.name] = shape.count
        input = Self.valueInfo(
            values[node.name] ?? "", [.symbol("N")] + shape.map { .extent($0) })
    }

    /// Appends one operator.
    mutating func emit(
        _ operation: String, name: String, inputs: [String], output: String,
        _ attributes: [ONNXAttributeMessage] = []
    ) {
        var node = ProtobufWriter()
        for input in inputs { node.field(1, input) }
        node.field(2, output)
        node.field(3, name)
        node.field(4, operation)
        for attribute in attributes { node.field(5, attribute.message) }
        messages.append(node)
    }

    /// Appends a `Constant` of numbers; gives its value's name.
    mutating func constant(_ name: String, _ numbers: [Float], shape: [Int]) -> String {
        let output = Self.unique(name, &taken)
        var tensor = ProtobufWriter()
        for extent in shape { tensor.field(1, extent) }
        tensor.field(2, 1)
        var bytes: [UInt8] = []
        for number in numbers {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes += $0 }
        }
        tensor.field(9, bytes)
        emit("Constant", name: output, inputs: [], output: output, [.tensor("value", tensor)])
        return output
    }

    // MARK: Values

    mutating func freeName(_ wish: String) -> String { Self.unique(wish, &taken) }

    func inputs(of node: GraphLayer) throws(InterchangeError) -> [String] {
        var names: [String] = []
        for input in node.inputs {
            guard let value = values[input], input != node.name else {
                throw node.failure("its input '\(input)' is not a node before it")
            }
            names.append(value)
        }
        return names
    }

    func value(of node: GraphLayer) -> String { values[node.name] ?? node.name }

    func rank(of node: GraphLayer) -> Int { node.inputs.first.flatMap { ranks[$0] } ?? 1 }

    mutating func setRank(_ rank: Int, of node: GraphLayer) { ranks[node.name] = rank }

    /// The value of a parameter in F32, cast where the tensor is of another width.
    mutating func parameter(
        _ name: String, of node: GraphLayer, fits: (Shape) -> Bool
    ) throws(InterchangeError) -> (value: String, entry: WeightEntry) {
        let full = "\(node.name)/\(name)"
        guard let holder = holders[full], let entry = entries[holder] else {
            throw node.failure("there is no tensor for its parameter '\(full)'")
        }
        guard fits(entry.shape) else {
            throw node.failure("'\(holder)' of shape \(entry.shape) does not fit '\(full)'")
        }
        guard let type = entry.elementType, type.isFloatingPoint else {
            throw node.failure("'\(holder)' is \(entry.typeName), expected floating-point numbers")
        }
        guard type != .f32 else { return (holder, entry) }
        if let cast = casts[holder] { return (cast, entry) }
        let output = Self.unique(holder + ".f32", &taken)
        emit("Cast", name: output, inputs: [holder], output: output, [.integer("to", 1)])
        casts[holder] = output
        return (output, entry)
    }
}

/// An `AttributeProto` to be written.
enum ONNXAttributeMessage {
    case integer(String, Int)
    case float(String, Float)
    case integers(String, [Int])
    case tensor(String, ProtobufWriter)

    var message: ProtobufWriter {
        var attribute = ProtobufWriter()
        switch self {
        case .integer(let name, let value):
            attribute.field(1, name)
            attribute.field(3, value)
            attribute.field(20, 2)
        case .float(let name, let value):
            attribute.field(1, name)
            attribute.field(2, value)
            attribute.field(20, 1)
        case .integers(let name, let values):
            attribute.field(1, name)
            for value in values { attribute.field(8, value) }
            attribute.field(20, 7)
        case .tensor(let name, let tensor):
            attribute.field(1, name)
            attribute.field(5, tensor)
            attribute.field(20, 4)
        }
        return attribute
    }
}
