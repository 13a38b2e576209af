// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A graph of Retort's operations as a functional model's configuration in Keras 3's form.
struct KerasExport {
    struct Refusal: Error {
        let reason: String
    }

    /// A node's output as Keras sees it.
    struct Output {
        /// The layer that gives it.
        var layer: String
        /// (C, H, W), or (features).
        var shape: [Int]
        /// Whether nothing in it is negative: zeros around it change no maximum.
        var isNonNegative = false
    }

    private(set) var layers: [JSON] = []
    /// The node that each layer is, where it is one.
    private(set) var nodes: [String: String] = [:]
    private var outputs: [String: Output] = [:]
    private var names: Set<String> = []
    /// The nodes whose kernels are those of depthwise convolutions.
    private let depthwise: Set<String>
    private var input = ""
    private var output = ""

    /// - Parameters:
    ///   - graph: in the form of a store's `architecture`.
    ///   - depthwise: the nodes whose kernels are those of depthwise convolutions.
    /// - Throws: ``Refusal`` naming the node that no layer of Keras is.
    init(_ graph: JSON, depthwise: Set<String>) throws(Refusal) {
        guard let list = graph["nodes"]?.arrayValue, !list.isEmpty,
            list.count <= KerasGraph.mostNodes
        else { throw Refusal(reason: "the graph is no list of nodes") }
        self.depthwise = depthwise
        var last: String?
        for node in list {
            let (name, output) = try add(node, after: last)
            if last == nil { input = output.layer }
            last = name
            self.output = output.layer
        }
    }

    /// The configuration of a functional model.
    func configuration(name: String) -> JSON {
        let config: JSON = [
            "name": .string(name), "trainable": true, "layers": .array(layers),
            "input_layers": [[.string(input), 0, 0]],
            "output_layers": [[.string(output), 0, 0]],
        ]
        return [
            "module": "keras.src.models.functional", "class_name": "Functional",
            "config": config, "registered_name": "Functional",
        ]
    }

    private mutating func add(
        _ node: JSON, after last: String?
    ) throws(Refusal) -> (name: String, output: Output) {
        guard let name = node["name"]?.stringValue, let operation = node["op"]?.stringValue,
            !name.isEmpty, outputs[name] == nil
        else { throw Refusal(reason: "a node lacks its name or operation") }
        var given: [Output] = []
        let inputs = (node["inputs"]?.arrayValue ?? []).compactMap(\.stringValue)
        for input in inputs.isEmpty && operation != "input" ? [last ?? ""] : inputs {
            guard let output = outputs[input] else {
                throw Refusal(reason: "node '\(name)' takes '\(input)', which is not before it")
            }
            given.append(output)
        }
        let reader = KerasLayerReader(name: name, operation, node["attributes"] ?? [:])
        do throws(Refusal) {
            let output = try layer(for: reader, given)
            outputs[name] = output
            nodes[output.layer] = name
            return (name, output)
        } catch {
            throw Refusal(reason: "node '\(name)' (\(operation)) \(error.reason)")
        }
    }

    func isDepthwise(_ node: String) -> Bool { depthwise.contains(node) }

    /// Adds a layer and gives its output.
    mutating func add(
        _ className: String, _ name: String, _ inputs: [Output], _ shape: [Int],
        _ config: [String: JSON] = [:]
    ) throws(Refusal) -> Output {
        guard let count = try? Shape(shape).elementCount, count > 0,
            count <= KerasGraph.mostElements
        else { throw Refusal(reason: "would give the shape \(shape)") }
        // On PyTorch, Keras takes no dots in names.
        let plain = name.replacing(".", with: "_")
        var unique = plain
        var number = 1
        while !names.insert(unique).inserted {
            number += 1
            unique = "\(plain)_\(number)"
        }
        var members = config
        members["name"] = .string(unique)
        members["dtype"] = "float32"
        if className != "InputLayer" { members["trainable"] = true }
        let tensors = inputs.map(Self.tensor)
        // Layers that join take one list.
        let arguments: JSON = tensors.count == 1 ? .array(tensors) : [.array(tensors)]
        layers.append([
            "module": "keras.layers", "class_name": .string(className),
            "config": .object(members), "registered_name": nil, "name": .string(unique),
            "inbound_nodes": inputs.isEmpty ? [] : [["args": arguments, "kwargs": [:]]],
        ])
        return Output(layer: unique, shape: shape)
    }

    /// Height, width, channels, as Keras has them.
    static func shown(_ shape: [Int]) -> [JSON] {
        let extents = shape.count == 3 ? [shape[1], shape[2], shape[0]] : shape
        return [.null] + extents.map { .integer($0) }
    }

    private static func tensor(_ output: Output) -> JSON {
        [
            "class_name": "__keras_tensor__",
            "config": [
                "shape": .array(shown(output.shape)), "dtype": "float32",
                "keras_history": [.string(output.layer), 0, 0],
            ],
        ]
    }
}

extension KerasLayerReader {
    /// Reads a node's attributes the same way.
    init(name: String, _ operation: String, _ attributes: JSON) {
        self.name = name
        className = operation
        config = attributes
    }
}
