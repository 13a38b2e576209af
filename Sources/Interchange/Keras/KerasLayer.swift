// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A layer as a model's configuration describes it.
struct KerasLayer: Sendable {
    var name: String
    var className: String
    var config: JSON
    /// Each use of the layer in its model, with the layers whose outputs it takes.
    var calls: [Call]
    /// The layer's own layers, when it is a model.
    var model: KerasModel?
    /// The input's shape when the layer was built, batch axis included.
    var buildShape: JSON?
    /// Whether it is an operation such as `ops.add`, which is no layer and has no group.
    var isOperation: Bool

    struct Call: Sendable {
        var inputs: [String]
        /// Whether nothing but positional tensors goes in.
        var isUnderstood: Bool
    }

    init(_ json: JSON, depth: Int) throws(KerasModel.Refusal) {
        guard let className = json["class_name"]?.stringValue, let config = json["config"],
            let name = config["name"]?.stringValue ?? json["name"]?.stringValue
        else { throw KerasModel.Refusal(reason: "a layer lacks its class, name or configuration") }
        self.name = name
        self.className = KerasClass.current(className)
        self.config = config
        buildShape = json["build_config"]?["input_shape"]
        let module = json["module"]?.stringValue ?? ""
        isOperation = module.hasPrefix("keras.src.ops") || module.hasPrefix("keras.ops")
        calls = (json["inbound_nodes"]?.arrayValue ?? []).map(Self.call)
        model =
            KerasModel.classNames.contains(className)
            ? try KerasModel(json, depth: depth + 1) : nil
    }

    /// The shape of an input layer, or of the input that a layer of Keras 2 states.
    var inputShape: JSON? {
        if let shape = config["batch_shape"] ?? config["batch_input_shape"] { return shape }
        guard let shape = config["shape"]?.arrayValue ?? config["input_shape"]?.arrayValue else {
            return nil
        }
        return .array([.null] + shape)
    }

    var isTrainable: Bool { config["trainable"]?.boolValue ?? true }

    /// One element of `inbound_nodes`: Keras 3's `{args, kwargs}` with tensors that name where
    /// they come from, or Keras 2's list of `[layer, node, tensor, arguments]`.
    private static func call(_ json: JSON) -> Call {
        guard let arguments = json["args"] else { return oldCall(json) }
        var inputs: [String] = []
        collect(arguments, into: &inputs)
        var keywords: [String] = []
        if let kwargs = json["kwargs"] { collect(kwargs, into: &keywords) }
        return Call(inputs: inputs, isUnderstood: keywords.isEmpty)
    }

    private static func collect(_ json: JSON, into inputs: inout [String]) {
        switch json {
        case .array(let elements): elements.forEach { collect($0, into: &inputs) }
        case .object(let members):
            if members["class_name"]?.stringValue == "__keras_tensor__" {
                let history = members["config"]?["keras_history"]?.arrayValue
                if let name = history?.first?.stringValue { inputs.append(name) }
            } else {
                for (_, value) in members.sorted(by: { $0.key < $1.key }) {
                    collect(value, into: &inputs)
                }
            }
        default: return
        }
    }

    private static func oldCall(_ json: JSON) -> Call {
        var call = Call(inputs: [], isUnderstood: true)
        for element in json.arrayValue ?? [] {
            guard let name = element.arrayValue?.first?.stringValue else {
                call.isUnderstood = false
                continue
            }
            call.inputs.append(name)
        }
        return call
    }
}
