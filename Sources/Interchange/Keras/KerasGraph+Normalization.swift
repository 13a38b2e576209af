// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasGraph {
    /// Keras's momentum is the weight of the old statistics, a graph's that of the new.
    mutating func batchNormalization(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        guard !input.isPlane else { throw Refusal(reason: "takes images with channels") }
        guard (input.flattened?.height ?? 1) * (input.flattened?.width ?? 1) == 1 else {
            throw Refusal(reason: "normalises the pixels of a flattened image, in Keras's order")
        }
        let rank = input.shape.count == 1 ? 2 : 4
        let own = rank == 4 && !isChannelsLast ? 1 : rank - 1
        let axis =
            layer.config["axis"]?.arrayValue?.first?.integerValue ?? layer.integer("axis", -1)
        guard axis == own || axis == own - rank else {
            throw Refusal(reason: "normalises along axis \(axis), which is not the channels'")
        }
        let epsilon = layer.number("epsilon", 1e-3)
        let momentum = layer.number("momentum", 0.99)
        guard epsilon > 0, epsilon.isFinite, (0...1).contains(momentum) else {
            throw Refusal(reason: "has the epsilon \(epsilon) and the momentum \(momentum)")
        }
        let count = input.shape[0]
        let value = try add(
            "batch_norm", name(layer.name), [input], input.shape,
            [
                "epsilon": .float(Float(epsilon)), "momentum": .float(Float(1 - momentum)),
            ])
        let node = value.node
        if layer.flag("scale", true) {
            need(layer.name, .scale, node + "/weight", [count])
        } else {
            imply(node + "/weight", 1, count: count)
        }
        if layer.flag("center", true) {
            need(layer.name, .shift, node + "/bias", [count])
        } else {
            imply(node + "/bias", 0, count: count)
        }
        need(layer.name, .movingMean, node + "/running_mean", [count])
        need(layer.name, .movingVariance, node + "/running_var", [count])
        return value
    }

    /// x scale + offset is (x - mean) / deviation.
    mutating func rescaling(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        guard let scale = layer.numbers("scale"), scale.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw Refusal(reason: "has a scale that is not positive")
        }
        let offset = layer.numbers("offset") ?? [0]
        let count = max(scale.count, offset.count)
        guard scale.count == count || scale.count == 1, offset.count == count || offset.count == 1
        else { throw Refusal(reason: "has \(scale.count) scales and \(offset.count) offsets") }
        let mean = (0..<count).map { index in
            0 - offset[offset.count == 1 ? 0 : index] / scale[scale.count == 1 ? 0 : index]
        }
        return try normalize(layer, input, mean: mean, deviation: scale.map { 1 / $0 })
    }

    /// Statistics that the configuration states, or that the layer has learned.
    mutating func normalization(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        guard !layer.flag("invert", false) else { throw Refusal(reason: "is inverted") }
        let learned = { [values] (variable: String) -> [Double]? in
            values(ParameterKey(layer: layer.name, parameter: .other(variable)))?.map(Double.init)
        }
        guard let mean = layer.numbers("mean") ?? learned("mean"),
            let variance = layer.numbers("variance") ?? learned("variance")
        else { throw Refusal(reason: "has neither stated nor learned statistics") }
        // Keras divides by at least its epsilon.
        return try normalize(
            layer, input, mean: mean, deviation: variance.map { max($0.squareRoot(), 1e-7) })
    }

    private mutating func normalize(
        _ layer: KerasLayerReader, _ input: Value, mean: [Double], deviation: [Double]
    ) throws(Refusal) -> Value {
        let channels = input.isPlane ? 1 : input.shape[0]
        guard [1, channels].contains(mean.count), [1, channels].contains(deviation.count),
            channels == 1 || isChannelsLast || (mean.count == 1 && deviation.count == 1),
            (input.flattened?.height ?? 1) * (input.flattened?.width ?? 1) == 1
                || (mean.count == 1 && deviation.count == 1)
        else {
            throw Refusal(
                reason: "has \(mean.count) means for an input of the shape \(input.shape)")
        }
        guard (mean + deviation).allSatisfy({ Float($0).isFinite }),
            deviation.allSatisfy({ Float($0) > 0 })
        else { throw Refusal(reason: "has statistics that are not finite and positive") }
        var value = input
        value.node = try add(
            "normalize", name(layer.name), [input], input.shape,
            [
                "mean": .array(mean.map { .float(Float($0)) }),
                "std": .array(deviation.map { .float(Float($0)) }),
            ]
        ).node
        value.isNonNegative = false
        return value
    }
}
