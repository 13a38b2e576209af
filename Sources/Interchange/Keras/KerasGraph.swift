// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A model's layers as a graph of Retort's operations, in the form of a store's `architecture`:
/// images are (C, H, W) and activations are nodes of their own.
struct KerasGraph {
    /// Why a model has no such graph: the layer and what about it.
    struct Refusal: Error {
        let reason: String
    }

    /// A variable that the graph needs.
    struct Parameter {
        let key: ParameterKey
        /// The graph's name: `conv1/weight`.
        let target: String
        /// The shape in Keras's layout.
        let shape: [Int]
    }

    /// What a layer gives, while the graph is being built.
    struct Value {
        var node: String
        /// (C, H, W), or (features).
        var shape: [Int]
        /// Zeros that a padding layer puts around it, which the next window takes over.
        var padding = KerasPadding()
        /// The image that a vector was flattened from, in Keras's order.
        var flattened: ParameterRole.FlattenOrigin?
        /// Whether it comes from a ReLU: zeros around it are no larger than anything in it.
        var isNonNegative = false
        /// Whether Keras puts a softmax here, which the graph leaves out.
        var isProbability = false
        /// An image that Keras knows as (H, W), without channels.
        var isPlane = false
    }

    private(set) var nodes: [JSON] = []
    private(set) var parameters: [Parameter] = []
    /// Parameters without a variable: their value and length.
    private(set) var implied: [(target: String, value: Float, count: Int)] = []
    private(set) var flattened: [String: ParameterRole.FlattenOrigin] = [:]
    private(set) var notes: [String] = []
    private var nodeNames: Set<String> = []
    private var lastNode = ""
    let isChannelsLast: Bool
    /// The elements of a variable, for layers whose statistics become attributes.
    let values: (ParameterKey) -> [Float]?

    static let mostNodes = 4_096
    /// What Training takes for one image's activation.
    static let mostElements = 1 << 28

    /// - Throws: ``Refusal``; what was understood until then is kept.
    init(isChannelsLast: Bool, values: @escaping (ParameterKey) -> [Float]?) {
        self.isChannelsLast = isChannelsLast
        self.values = values
    }

    /// The canonical form.
    var json: JSON { ["nodes": .array(nodes)] }

    /// Builds the whole graph of `model`.
    mutating func build(_ model: KerasModel) throws(Refusal) {
        guard model.inputs.count == 1, model.outputs.count == 1 else {
            throw Refusal(
                reason: "the model has \(model.inputs.count) inputs and \(model.outputs.count)"
                    + " outputs; graphs have one of each")
        }
        let input = try self.input(of: model)
        var output = try run(model, prefix: "", inputs: [input])[0]
        guard output.padding.isNone else {
            throw Refusal(reason: "the model ends in a padding layer")
        }
        if output.isProbability {
            notes.append("the final softmax is left out: the graph gives logits")
        }
        if output.shape.count == 3, output.shape[1] == 1, output.shape[2] == 1 {
            output = try add("flatten", name(output.node + ".flatten"), [output], [output.shape[0]])
        }
        guard output.shape.count == 1, nodes.count > 1 else {
            throw Refusal(reason: "the model's output is an image, not logits")
        }
    }

    /// Adds a node and gives its value.
    mutating func add(
        _ operation: String, _ name: String, _ inputs: [Value], _ shape: [Int],
        _ attributes: [String: JSON] = [:]
    ) throws(Refusal) -> Value {
        guard nodes.count < Self.mostNodes else {
            throw Refusal(reason: "the graph would have more than \(Self.mostNodes) nodes")
        }
        guard let elements = try? Shape(shape).elementCount, elements > 0,
            elements <= Self.mostElements
        else { throw Refusal(reason: "the output of '\(name)' would have the shape \(shape)") }
        var members: [String: JSON] = ["name": .string(name), "op": .string(operation)]
        if !inputs.isEmpty, inputs.map(\.node) != [lastNode] {
            members["inputs"] = .array(inputs.map { .string($0.node) })
        }
        if !attributes.isEmpty { members["attributes"] = .object(attributes) }
        nodes.append(.object(members))
        lastNode = name
        return Value(node: name, shape: shape)
    }

    /// A node's name for a layer's: unique, and of characters that names in a store have.
    mutating func name(_ layer: String) -> String {
        let bytes = layer.utf8.prefix(160).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
                byte
            default: UInt8(ascii: "_")
            }
        }
        let plain = String(decoding: bytes, as: UTF8.self)
        let base = plain.isEmpty || plain == "." || plain == ".." ? "layer" : plain
        var name = base
        var count = 1
        while !nodeNames.insert(name).inserted {
            count += 1
            name = "\(base).\(count)"
        }
        return name
    }

    mutating func need(
        _ layer: String, _ parameter: ParameterRole.Parameter, _ target: String,
        _ shape: [Int]
    ) {
        parameters.append(
            Parameter(
                key: ParameterKey(layer: layer, parameter: parameter), target: target,
                shape: shape))
    }

    mutating func imply(_ target: String, _ value: Float, count: Int) {
        implied.append((target, value, count))
    }

    mutating func note(_ sentence: String) { notes.append(sentence) }

    /// A dense layer takes a vector that was an image.
    mutating func note(_ layer: String, flattenedFrom origin: ParameterRole.FlattenOrigin?) {
        flattened[layer] = origin
    }
}

/// A variable by what it is, whatever its file calls it.
struct ParameterKey: Hashable {
    let layer: String
    let parameter: ParameterRole.Parameter
}
