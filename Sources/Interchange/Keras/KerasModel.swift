// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A model as its configuration describes it: layers, and which take whose outputs.
struct KerasModel: Sendable {
    var name: String
    var isSequential: Bool
    /// In the order of the configuration. A sequential model's input is not among them.
    var layers: [KerasLayer]
    var inputs: [String]
    var outputs: [String]
    /// The input shape, batch axis included, of a sequential model; others say it in their inputs.
    var inputShape: JSON?

    /// Why a configuration does not describe layers.
    struct Refusal: Error {
        let reason: String
    }

    static let classNames: Set = ["Sequential", "Functional", "Model"]
    private static let deepest = 16
    private static let mostLayers = 20_000

    /// Reads Keras 3's serialisation and Keras 2's.
    init(_ json: JSON, depth: Int) throws(Refusal) {
        guard let className = json["class_name"]?.stringValue, let config = json["config"] else {
            throw Refusal(reason: "it names no class and configuration")
        }
        guard Self.classNames.contains(className) else {
            throw Refusal(
                reason: "the model is of the class '\(className)', whose layers only its code knows"
            )
        }
        guard depth < Self.deepest else {
            throw Refusal(reason: "models are nested more than \(Self.deepest) deep")
        }
        // Before Keras 2.2.3 a sequential model's configuration was the bare list.
        guard let list = config["layers"]?.arrayValue ?? config.arrayValue else {
            throw Refusal(reason: "the model has no list of layers")
        }
        guard list.count <= Self.mostLayers else {
            throw Refusal(reason: "the model has more than \(Self.mostLayers) layers")
        }
        name = config["name"]?.stringValue ?? json["name"]?.stringValue ?? "model"
        isSequential = className == "Sequential"
        layers = []
        inputs = []
        outputs = []
        var names: Set<String> = []
        for element in list {
            let layer = try KerasLayer(element, depth: depth)
            guard names.insert(layer.name).inserted else {
                throw Refusal(reason: "two layers are called '\(layer.name)'")
            }
            layers.append(layer)
        }
        if isSequential {
            chain(config)
        } else {
            inputs = try Self.references(config["input_layers"], "input_layers")
            outputs = try Self.references(config["output_layers"], "output_layers")
        }
    }

    /// Joins a sequential model's layers one after the other.
    private mutating func chain(_ config: JSON) {
        inputShape = config["build_input_shape"]
        if let first = layers.first, first.className == "InputLayer" {
            inputShape = first.inputShape ?? inputShape
            layers.removeFirst()
        } else if let first = layers.first {
            inputShape = first.inputShape ?? inputShape ?? first.buildShape
        }
        // The input has a name that no layer can have: Keras allows no slash.
        var previous = Self.sequentialInput
        for index in layers.indices {
            layers[index].calls = [KerasLayer.Call(inputs: [previous], isUnderstood: true)]
            previous = layers[index].name
        }
        inputs = [Self.sequentialInput]
        outputs = [previous]
    }

    static let sequentialInput = "/"

    /// Names of layers in `["name", 0, 0]`, or in a list of those.
    private static func references(_ json: JSON?, _ what: String) throws(Refusal) -> [String] {
        guard let list = json?.arrayValue, !list.isEmpty else {
            throw Refusal(reason: "the model has no '\(what)'")
        }
        if let name = list[0].stringValue { return [name] }
        var names: [String] = []
        for element in list {
            guard let name = element.arrayValue?.first?.stringValue else {
                throw Refusal(reason: "'\(what)' does not name layers")
            }
            names.append(name)
        }
        return names
    }
}
