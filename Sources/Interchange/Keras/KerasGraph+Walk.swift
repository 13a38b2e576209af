// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasGraph {
    /// Runs through a model's layers, those before whose outputs others take.
    ///
    /// - Parameters:
    ///   - prefix: the names of the models around this one, each with its dot.
    ///   - inputs: what goes into the model.
    mutating func run(
        _ model: KerasModel, prefix: String, inputs: [Value]
    ) throws(Refusal) -> [Value] {
        guard model.inputs.count == inputs.count else {
            throw Refusal(
                reason: "model '\(prefix.dropLast())' takes \(model.inputs.count) inputs, found"
                    + " \(inputs.count)")
        }
        var values = Dictionary(
            zip(model.inputs, inputs), uniquingKeysWith: { first, _ in first })
        var pending = try Self.needed(model)
        var passes = 0
        while !pending.isEmpty {
            // Keras lists layers in an order that needs one.
            passes += 1
            guard passes <= 200 else {
                throw Refusal(reason: "the layers are listed in an order too far from that of use")
            }
            var waiting: [KerasLayer] = []
            for layer in pending {
                let given = layer.calls[0].inputs.compactMap { values[$0] }
                guard given.count == layer.calls[0].inputs.count else {
                    waiting.append(layer)
                    continue
                }
                values[layer.name] = try value(of: layer, named: prefix + layer.name, given)
            }
            guard waiting.count < pending.count else {
                throw Refusal(
                    reason: "layer '\(prefix + waiting[0].name)' takes the output of a layer that"
                        + " is not there or that waits for it")
            }
            pending = waiting
        }
        var outputs: [Value] = []
        for name in model.outputs {
            guard let value = values[name] else {
                throw Refusal(reason: "the output '\(prefix + name)' is no layer of the model")
            }
            outputs.append(value)
        }
        return outputs
    }

    /// The layers that the outputs depend on, in the order of the configuration.
    private static func needed(_ model: KerasModel) throws(Refusal) -> [KerasLayer] {
        let layers = Dictionary(
            model.layers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var needed: Set<String> = []
        var pending = model.outputs
        while let name = pending.popLast() {
            guard !model.inputs.contains(name), needed.insert(name).inserted else { continue }
            guard let layer = layers[name] else {
                throw Refusal(reason: "'\(name)' is no layer of the model")
            }
            guard layer.calls.count == 1 else {
                throw Refusal(
                    reason: "layer '\(name)' (\(layer.className)) is used"
                        + " \(layer.calls.count) times; graphs have no shared layers")
            }
            pending += layer.calls[0].inputs
        }
        return model.layers.filter { needed.contains($0.name) }
    }

    /// The graph's input node.
    mutating func input(of model: KerasModel) throws(Refusal) -> Value {
        let own = model.layers.first { $0.name == model.inputs[0] }
        guard let list = (model.inputShape ?? own?.inputShape)?.arrayValue, !list.isEmpty else {
            throw Refusal(reason: "the configuration does not say the shape of the input")
        }
        let extents = list.dropFirst().compactMap(\.integerValue)
        guard extents.count == list.count - 1, extents.allSatisfy({ $0 > 0 && $0 <= 1 << 24 })
        else { throw Refusal(reason: "the input's extents are not all fixed: \(JSON.array(list))") }
        let shape: [Int]
        switch extents.count {
        case 1: shape = extents
        case 2: shape = [1] + extents
        case 3: shape = isChannelsLast ? [extents[2], extents[0], extents[1]] : extents
        default:
            throw Refusal(reason: "the input has \(extents.count) axes; graphs take images")
        }
        let name = name(own?.name ?? "input")
        var value = try add(
            "input", name, [], shape, ["shape": .array(shape.map { .integer($0) })])
        value.isPlane = extents.count == 2
        return value
    }

    /// Where images have their channels: what the first layer with an opinion says.
    static func isChannelsLast(_ model: KerasModel) -> Bool? {
        for layer in model.layers {
            if let format = layer.config["data_format"]?.stringValue {
                return format != "channels_first"
            }
            if let nested = layer.model, let format = isChannelsLast(nested) { return format }
        }
        return nil
    }
}
