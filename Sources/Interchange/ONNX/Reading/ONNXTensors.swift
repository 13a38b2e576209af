// SPDX-License-Identifier: Apache-2.0

import Tensors

/// All tensors of a model as entries: initialisers, and the values of `Constant` nodes.
struct ONNXTensors {
    struct Constant {
        let name: String
        let entry: WeightEntry
        /// Which of the file's constants it is.
        let order: Int

        /// Numbers with a fraction, and more than one of them.
        var mayBeWeight: Bool {
            entry.shape.rank > 0 && entry.shape.elementCount > 1
                && entry.elementType?.isFloatingPoint == true
        }
    }

    private(set) var initializers: [WeightEntry] = []
    private(set) var sparse: [WeightEntry] = []
    /// By the name of the value that the node gives.
    private(set) var constants: [String: Constant] = [:]
    private(set) var files: ONNXExternalFiles
    /// Bytes of the model file that are elements.
    private(set) var inlineByteCount = 0
    private var names: Set<String> = []
    private var listBytesLeft = 16 << 20
    private var firstAt: [Place: String] = [:]

    /// Where external elements lie.
    private struct Place: Hashable {
        let location: String
        let offset: Int
        let count: Int
    }

    /// - Throws: ``InterchangeError`` for the first tensor that is not sound.
    init(_ model: ONNXModel) throws(InterchangeError) {
        files = ONNXExternalFiles(model: model.path)
        for tensor in model.graph.initializers { try add(tensor, of: model) }
        for tensor in model.graph.sparse { try add(sparse: tensor, of: model) }
        for index in model.graph.constants { try addConstant(model.graph.nodes[index], of: model) }
    }

    /// Nothing yet; for checking tensors one by one.
    init(emptyFor model: ONNXModel) {
        files = ONNXExternalFiles(model: model.path)
    }

    mutating func add(_ tensor: ONNXTensor, of model: ONNXModel) throws(InterchangeError) {
        try claim(tensor.name, path: model.path)
        var entry = try tensor.entry(
            named: tensor.name, in: model.region, path: model.path, files: &files)
        if case .external(let data) = tensor.storage {
            let place = Place(
                location: data.location, offset: data.offset ?? 0, count: entry.byteCount)
            if entry.byteCount > 0 {
                entry.sharedWith = firstAt[place]
                if entry.sharedWith == nil { firstAt[place] = tensor.name }
            }
        } else {
            inlineByteCount += entry.storedByteCount
        }
        initializers.append(entry)
    }

    mutating func add(
        sparse tensor: (name: String, dimensions: [Int]), of model: ONNXModel
    ) throws(InterchangeError) {
        try claim(tensor.name, path: model.path)
        do throws(TensorError) {
            sparse.append(
                WeightEntry(
                    unread: tensor.name, typeName: "SPARSE", shape: try Shape(tensor.dimensions),
                    byteCount: 0, reason: "sparse tensors are listed and not read",
                    subject: model.path))
        } catch {
            throw InterchangeError(
                .malformed, model.path, "sparse tensor '\(tensor.name)': \(error.description)")
        }
    }

    private mutating func claim(_ name: String, path: String) throws(InterchangeError) {
        guard !name.isEmpty else {
            throw InterchangeError(.malformed, path, "an initialiser has no name")
        }
        guard names.insert(name).inserted else {
            throw InterchangeError(.malformed, path, "two initialisers are called '\(name)'")
        }
    }

    mutating func addConstant(
        _ range: Range<Int>, of model: ONNXModel
    ) throws(InterchangeError) {
        let reader = ProtobufReader(
            model.region.bytes, range, type: "NodeProto", path: model.path)
        let node = try ONNXNode(reader)
        // Another name of an initialiser would hide it.
        guard node.operation == "Constant", node.isStandard, node.outputs.count == 1,
            !names.contains(node.outputs[0]), constants.count < ONNXGraph.tensorLimit
        else { return }
        let name = node.outputs[0]
        let entry: WeightEntry
        if let message = node.attributes["value"]?.tensor {
            let tensor = try ONNXTensor(
                ProtobufReader(
                    model.region.bytes, message, type: "TensorProto", path: model.path))
            entry = try tensor.entry(
                named: name, in: model.region, path: model.path, files: &files)
            if case .external = tensor.storage {} else { inlineByteCount += entry.storedByteCount }
        } else if let tensor = node.constantTensor, tensor.byteCount <= listBytesLeft {
            // The mapping does not hold these: they are copies.
            listBytesLeft -= tensor.byteCount
            entry = WeightEntry(name: name, tensor: tensor)
        } else {
            return
        }
        constants[name] = Constant(name: name, entry: entry, order: constants.count)
    }
}
