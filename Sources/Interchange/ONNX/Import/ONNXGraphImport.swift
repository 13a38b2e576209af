// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Rebuilds a model's graph from the operations that Retort's own graphs have.
///
/// Nodes are followed in their order. A value of the file is a constant, an extent or list of
/// extents (what exporters compute for `Reshape`), or an activation; the first node that fits none
/// of the rules ends the import, and its name goes into a note. Nothing is evaluated.
struct ONNXGraphImport {
    /// Why there is no graph.
    struct NotUnderstood: Error {
        let reason: String
    }

    enum Value {
        case constant(WeightEntry, isTransposed: Bool)
        case activation(ONNXActivation)
        /// Extents of an activation or a list of integers; nil stands for the batch.
        case extents([Int?])
        /// Probabilities made from these logits.
        case softmax(ONNXActivation, node: String)
    }

    let model: ONNXModel
    let tensors: ONNXTensors
    var values: [String: Value] = [:]
    var builder = GraphBuilder()
    /// How many inputs of nodes, and outputs of the model, each value is.
    var uses: [String: Int] = [:]
    /// Values that come straight from a node with weights and may still get its bias.
    var unbiased: [String: Int] = [:]
    var parameters: [String: String] = [:]
    var implied: [String: Tensor] = [:]
    var roles: [String: ParameterRole] = [:]
    var notes: [String] = []
    /// The nodes that the output depends on, in order.
    private var nodes: [ONNXNode] = []
    /// The extent of the batch in the file, where it is fixed.
    var batch: Int?

    /// Constants, and nodes that compute shapes, come on top of a graph's own nodes.
    private static let nodeLimit = 4 * GraphBuilder.nodeLimit
    private static let linkLimit = 1 << 17
    private static let nodeByteLimit = 16 << 20

    struct Description {
        var model: ModelDescription
        var roles: [String: ParameterRole]
    }

    /// What the model's graph is, or why it has none here.
    static func description(of model: ONNXModel, tensors: ONNXTensors) -> Description {
        guard !model.graph.nodes.isEmpty else {
            return Description(
                model: ModelDescription(notes: ["the file has initialisers and no operators"]),
                roles: [:])
        }
        var graph = ONNXGraphImport(model: model, tensors: tensors)
        do throws(NotUnderstood) {
            try graph.run()
            return Description(
                model: ModelDescription(
                    graph: graph.builder.json, parameters: graph.parameters,
                    implied: graph.implied, notes: graph.notes),
                roles: graph.roles)
        } catch {
            // What some tensors are does not hang on the rest of the graph.
            graph.addRemainingRoles(graph.nodes)
            return Description(
                model: ModelDescription(notes: [error.reason]), roles: graph.roles)
        }
    }

    private init(model: ONNXModel, tensors: ONNXTensors) {
        self.model = model
        self.tensors = tensors
    }

    private mutating func run() throws(NotUnderstood) {
        nodes = try neededNodes()
        for entry in tensors.initializers {
            values[entry.name] = .constant(entry, isTransposed: false)
        }
        try addInput(nodes)
        for node in nodes {
            guard node.isStandard else {
                throw NotUnderstood(
                    reason: "the operator \(node.title) of the domain '\(node.domain)' is unknown")
            }
            try follow(node)
            guard builder.nodes.count <= GraphBuilder.nodeLimit else {
                throw NotUnderstood(
                    reason: "the graph has more than \(GraphBuilder.nodeLimit) layers")
            }
        }
        try finish()
    }

    /// The nodes that the output depends on, in order.
    private mutating func neededNodes() throws(NotUnderstood) -> [ONNXNode] {
        let graph = model.graph
        guard graph.nodes.count <= Self.nodeLimit, graph.linkCount <= Self.linkLimit else {
            throw NotUnderstood(reason: "the graph has too many nodes: \(graph.nodes.count)")
        }
        guard graph.outputs.count == 1 else {
            throw NotUnderstood(
                reason: "the graph has \(graph.outputs.count) outputs, where a classifier has one")
        }
        var needed: Set<String> = [graph.outputs[0].name]
        uses[graph.outputs[0].name] = 1
        var nodes: [ONNXNode] = []
        var byteCount = 0
        for range in graph.nodes.reversed() {
            guard
                var node = try? ONNXNode(
                    ProtobufReader(
                        model.region.bytes, range, type: "NodeProto", path: model.path))
            else { throw NotUnderstood(reason: "a node cannot be read") }
            if node.operation == "Constant" {
                // Their values are at hand already.
                node.attributes = [:]
            } else {
                byteCount += range.count
            }
            guard byteCount <= Self.nodeByteLimit else {
                throw NotUnderstood(reason: "the nodes take too many bytes")
            }
            guard node.outputs.contains(where: needed.contains) else { continue }
            for input in node.inputs where !input.isEmpty {
                needed.insert(input)
                uses[input, default: 0] += 1
            }
            nodes.append(node)
        }
        return nodes.reversed()
    }

    private mutating func addInput(_ nodes: [ONNXNode]) throws(NotUnderstood) {
        // Until IR version 4 initialisers stood among the inputs too.
        let inputs = model.graph.inputs.filter { values[$0.name] == nil }
        guard inputs.count == 1, let input = inputs.first else {
            throw NotUnderstood(
                reason: "the graph has \(inputs.count) inputs, where a classifier has one")
        }
        guard let type = input.dataType.flatMap({ ONNXDataType.all[$0] })?.elementType,
            type.isFloatingPoint
        else { throw NotUnderstood(reason: "the input '\(input.name)' is not of numbers") }
        if type != .f32 { notes.append("the model computes in \(type), the graph in F32") }
        let dimensions = input.dimensions ?? []
        let extents = dimensions.dropFirst().compactMap(\.self)
        guard dimensions.count == 2 || dimensions.count == 4,
            extents.count == dimensions.count - 1, extents.allSatisfy({ $0 > 0 && $0 < 1 << 24 })
        else {
            let text = dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
            throw NotUnderstood(
                reason:
                    "the input '\(input.name)' has shape (\(text)), expected (N, C, H, W) or (N, features)"
            )
        }
        batch = dimensions[0]
        let isChannelsLast = dimensions.count == 4 && isTransposed(input.name, nodes)
        let shape = isChannelsLast ? [extents[2], extents[0], extents[1]] : extents
        try checkSize(shape, of: "the input '\(input.name)'")
        let node = builder.add(
            input.name, "input", ["shape": .array(shape.map { .integer($0) })])
        if isChannelsLast {
            notes.append("the model takes (N, H, W, C), the graph (N, C, H, W)")
        }
        values[input.name] = .activation(
            ONNXActivation(node: node, shape: shape, isChannelsLast: isChannelsLast))
    }

    /// Whether the input, as it is or normalised, is first turned from (N, H, W, C).
    private func isTransposed(_ input: String, _ nodes: [ONNXNode]) -> Bool {
        var same: Set<String> = [input]
        for node in nodes where node.inputs.contains(where: same.contains) {
            switch node.operation {
            case "Identity", "Cast", "Sub", "Add", "Mul", "Div": same.formUnion(node.outputs)
            case "Transpose": return node.attributes["perm"]?.integers == [0, 3, 1, 2]
            default: return false
            }
        }
        return false
    }

    private mutating func finish() throws(NotUnderstood) {
        let name = model.graph.outputs[0].name
        if case .softmax(let logits, let node) = values[name] {
            notes.append("'\(node)' at the end is left out, since a graph gives logits")
            values[name] = .activation(logits)
        }
        let logits = try activation(name, of: "the output")
        guard !logits.isImage, builder.nodes.count > 1, !logits.isFlattenedLast else {
            throw NotUnderstood(
                reason: "the output '\(name)' has shape \(logits.shape), expected logits")
        }
        // Every node leads to the output, so the output's own comes last.
        guard logits.node == builder.nodes.count - 1 else {
            throw NotUnderstood(reason: "the output '\(name)' is not the last layer's")
        }
    }

    // MARK: Values

    func failure(_ node: ONNXNode, _ reason: String) -> NotUnderstood {
        NotUnderstood(reason: "\(node.title) is not understood: \(reason)")
    }

    /// The activation called `name`; a pending normalisation becomes a node.
    mutating func activation(
        _ name: String, of user: String
    ) throws(NotUnderstood) -> ONNXActivation {
        guard case .activation(var activation) = values[name] else {
            throw NotUnderstood(
                reason: "\(user) is not understood: '\(name)' does not depend on the input alone")
        }
        if let affine = activation.affine {
            activation.node = builder.add(
                affine.name, "normalize", inputs: [activation.node],
                [
                    "mean": .array(affine.mean.map(JSON.float)),
                    "std": .array(affine.deviation.map(JSON.float)),
                ])
            activation.affine = nil
            values[name] = .activation(activation)
        }
        return activation
    }

    /// Input `index` of `node` as an activation without pending padding.
    mutating func input(
        _ index: Int, of node: ONNXNode, allowsPadding: Bool = false
    ) throws(NotUnderstood) -> ONNXActivation {
        guard node.inputs.indices.contains(index) else {
            throw failure(node, "input \(index) is missing")
        }
        let activation = try activation(node.inputs[index], of: node.title)
        guard allowsPadding || activation.padding.allSatisfy({ $0 == 0 }) else {
            throw failure(node, "its input is padded")
        }
        return activation
    }

    /// Input `index` of `node` as a constant; nil where it is not given.
    func constant(
        _ index: Int, of node: ONNXNode
    ) throws(NotUnderstood) -> (entry: WeightEntry, isTransposed: Bool)? {
        guard node.inputs.indices.contains(index), !node.inputs[index].isEmpty else { return nil }
        guard case .constant(let entry, let isTransposed) = values[node.inputs[index]] else {
            throw failure(node, "'\(node.inputs[index])' is not a constant")
        }
        return (entry, isTransposed)
    }

    /// The integers of input `index`; nil where it is not given.
    func integers(_ index: Int, of node: ONNXNode) throws(NotUnderstood) -> [Int]? {
        guard let (entry, _) = try constant(index, of: node) else { return nil }
        guard entry.shape.elementCount <= 1 << 12,
            let list = try? entry.tensor().integers()
        else { throw failure(node, "'\(entry.name)' is not a short list of integers") }
        return list
    }

    /// What an attribute says, or where operators take it as an input since, that.
    func integers(
        _ attribute: [Int]?, or index: Int, of node: ONNXNode
    ) throws(NotUnderstood) -> [Int]? {
        if let attribute { return attribute }
        return try integers(index, of: node)
    }

    mutating func define(_ node: ONNXNode, _ value: Value) throws(NotUnderstood) {
        guard let output = node.outputs.first, !output.isEmpty, values[output] == nil else {
            throw failure(node, "its output has no name of its own")
        }
        values[output] = value
    }

    func checkSize(_ shape: [Int], of what: String) throws(NotUnderstood) {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product <= GraphBuilder.activationLimit else {
                throw NotUnderstood(reason: "\(what) is too large for one image")
            }
            count = product
        }
    }
}
