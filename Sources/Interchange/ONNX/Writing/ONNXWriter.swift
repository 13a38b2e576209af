// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ONNXFile {
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        try ONNXWriter(content, path: path).write()
    }
}

/// Writes a model: initialisers under their own names and, where the content has a graph, the
/// operators that compute it. Nothing is folded or renamed.
struct ONNXWriter {
    static let producer = "retort"
    /// A message of protocol buffers is at most this long; beyond it elements go beside the model.
    static let messageLimit = Int(Int32.max)

    private let path: String
    private let entries: [WeightEntry]
    private let nodes: ONNXNodes
    private let metadata: [String: JSON]
    private let inlineLimit: Int

    /// - Parameter inlineLimit: the longest model that holds its elements itself.
    /// - Throws: ``InterchangeError`` for tensors that ONNX cannot hold and for a graph that its
    ///   tensors do not fit.
    init(
        _ content: WeightContent, path: String, inlineLimit: Int = messageLimit
    ) throws(InterchangeError) {
        self.path = path
        self.inlineLimit = inlineLimit
        metadata = content.metadata
        var names: Set<String> = []
        for entry in content.entries {
            guard entry.elementType != nil else {
                throw InterchangeError(
                    .unsupported, path,
                    "tensor '\(entry.name)' is \(entry.typeName), which cannot be converted")
            }
            guard !entry.name.isEmpty, names.insert(entry.name).inserted else {
                throw InterchangeError(
                    .mismatch, path,
                    "two tensors are called '\(entry.name)', or one has no name")
            }
        }
        if let graph = content.model?.graph {
            nodes = try ONNXNodes(
                graph, of: content.entries, content.model ?? ModelDescription(), path: path)
        } else {
            nodes = ONNXNodes()
        }
        entries = content.entries + nodes.impliedEntries
    }

    func write() throws(InterchangeError) {
        let inline = entries.map { tensorHeader($0, at: nil) }
        let length = zip(inline, entries).reduce(0) { $0 + $1.0.bytes.count + $1.1.byteCount }
        // The rest of the model is small; 64 bytes cover the lengths around it.
        guard length + nodes.byteCount + 64 * (entries.count + 1) > inlineLimit else {
            return try write(inline, withElements: true)
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let location = name + ".data"
        var offset = 0
        var headers: [ProtobufWriter] = []
        for entry in entries {
            headers.append(tensorHeader(entry, at: (location, offset)))
            offset = Self.aligned(offset + entry.byteCount)
        }
        // The elements first: a model that is there has its elements there.
        try OutputFile.replace(path + ".data") { (sink) throws(InterchangeError) in
            for entry in entries {
                let gap = Self.aligned(sink.position) - sink.position
                if gap > 0 { try sink.write([UInt8](repeating: 0, count: gap)) }
                try Self.write(entry, to: &sink, path: path)
            }
        }
        try write(headers, withElements: false)
    }

    /// Pages, so that a reader may map each tensor by itself.
    private static func aligned(_ offset: Int) -> Int { (offset + 4095) & ~4095 }

    /// A `TensorProto`, up to and with the length of `raw_data` when the elements are inline.
    private func tensorHeader(
        _ entry: WeightEntry, at place: (location: String, offset: Int)?
    ) -> ProtobufWriter {
        var tensor = ProtobufWriter()
        for extent in entry.shape.dimensions { tensor.field(1, extent) }
        tensor.field(2, entry.elementType.map(ONNXDataType.code) ?? 0)
        tensor.field(8, entry.name)
        guard let place else {
            tensor.begin(9, byteCount: entry.byteCount)
            return tensor
        }
        for (key, value) in [
            ("location", place.location), ("offset", String(place.offset)),
            ("length", String(entry.byteCount)),
        ] {
            var property = ProtobufWriter()
            property.field(1, key)
            property.field(2, value)
            tensor.field(13, property)
        }
        tensor.field(14, 1)
        return tensor
    }

    private func write(
        _ headers: [ProtobufWriter], withElements: Bool
    ) throws(InterchangeError) {
        var prefix = ProtobufWriter()
        for node in nodes.messages { prefix.field(1, node) }
        prefix.field(2, "retort")
        // Each initialiser's tag and length, then its header; its elements follow in the file.
        let tensors = zip(headers, entries).map { header, entry -> [UInt8] in
            var start = ProtobufWriter()
            start.begin(
                5, byteCount: header.bytes.count + (withElements ? entry.byteCount : 0))
            return start.bytes + header.bytes
        }
        var suffix = ProtobufWriter()
        if let input = nodes.input { suffix.field(11, input) }
        if let output = nodes.output { suffix.field(12, output) }
        let elements = withElements ? entries.reduce(0) { $0 + $1.byteCount } : 0
        let graphByteCount =
            prefix.bytes.count + tensors.reduce(0) { $0 + $1.count } + elements + suffix.bytes.count

        var model = modelHeader()
        model.begin(7, byteCount: graphByteCount)
        let tail = modelTail()
        try OutputFile.replace(path) { (sink) throws(InterchangeError) in
            try sink.write(model.bytes)
            try sink.write(prefix.bytes)
            for (tensor, entry) in zip(tensors, entries) {
                try sink.write(tensor)
                if withElements { try Self.write(entry, to: &sink, path: path) }
            }
            try sink.write(suffix.bytes)
            try sink.write(tail.bytes)
        }
    }

    /// FP8 came with operator set 19; otherwise what PyTorch's exporter writes.
    private var versions: (ir: Int, operators: Int) {
        let hasFP8 = entries.contains { $0.elementType?.isNumeric == false }
        return hasFP8 ? (9, 19) : (8, 17)
    }

    private func modelHeader() -> ProtobufWriter {
        var model = ProtobufWriter()
        model.field(1, versions.ir)
        model.field(2, Self.producer)
        return model
    }

    private func modelTail() -> ProtobufWriter {
        var model = ProtobufWriter()
        var operators = ProtobufWriter()
        operators.field(1, "")
        operators.field(2, versions.operators)
        model.field(8, operators)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key })
        where key != ONNXFile.headerKey {
            var property = ProtobufWriter()
            property.field(1, key)
            property.field(2, value.stringValue ?? value.text())
            model.field(14, property)
        }
        return model
    }

    private static func write(
        _ entry: WeightEntry, to sink: inout OutputFile.Sink, path: String
    ) throws(InterchangeError) {
        let tensor = try entry.tensor()
        guard tensor.elementType == entry.elementType, tensor.shape == entry.shape else {
            throw InterchangeError(
                .mismatch, path, found: "\(tensor) in '\(entry.name)'",
                expected: "\(entry.typeName) \(entry.shape)")
        }
        try tensor.withUnsafeBytes { (bytes) throws(InterchangeError) in try sink.write(bytes) }
    }
}
