// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasGraph {
    /// `value` behind the activation that the layer is fused with.
    mutating func activated(
        _ value: Value, _ layer: KerasLayerReader
    ) throws(Refusal) -> Value {
        guard let activation = layer.activationName() else {
            throw Refusal(reason: "has an activation of the writer's own")
        }
        return try activated(value, activation, layer.name + "." + activation)
    }

    private mutating func activated(
        _ value: Value, _ activation: String, _ layer: String, slope: Double = 0.2
    ) throws(Refusal) -> Value {
        var result = value
        switch activation {
        case "linear": return value
        case "softmax":
            guard value.shape.count == 1 else {
                throw Refusal(reason: "has a softmax over an image")
            }
            result.isProbability = true
            return result
        case "relu", "tanh", "sigmoid":
            result.node = try add(activation, name(layer), [value], value.shape).node
        case "leaky_relu":
            guard slope >= 0, slope.isFinite else {
                throw Refusal(reason: "has the slope \(slope)")
            }
            result.node = try add(
                "leaky_relu", name(layer), [value], value.shape, ["slope": .float(Float(slope))]
            ).node
        default: throw Refusal(reason: "has the activation '\(activation)', which graphs lack")
        }
        result.isNonNegative = activation == "relu" || activation == "sigmoid"
        return result
    }

    /// Layers that are nothing but an activation.
    mutating func activation(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        switch layer.className {
        case "Softmax":
            guard layer.integer("axis", -1) == -1 else {
                throw Refusal(reason: "works along axis \(layer.integer("axis", -1))")
            }
            return try activated(input, "softmax", layer.name)
        case "LeakyReLU":
            let slope = layer.number("negative_slope", layer.number("alpha", 0.3))
            return try activated(input, "leaky_relu", layer.name, slope: slope)
        case "ReLU":
            let slope = layer.number("negative_slope", 0)
            guard layer.config["max_value"] ?? .null == .null, layer.number("threshold", 0) == 0
            else { throw Refusal(reason: "has a maximum or a threshold") }
            return slope == 0
                ? try activated(input, "relu", layer.name)
                : try activated(input, "leaky_relu", layer.name, slope: slope)
        default:
            guard let activation = layer.activationName() else {
                throw Refusal(reason: "has an activation of the writer's own")
            }
            return try activated(input, activation, layer.name)
        }
    }

    mutating func globalAverage(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        guard input.shape.count == 3, !input.isPlane else {
            throw Refusal(reason: "takes images, found the shape \(input.shape)")
        }
        let mean = try add("global_avg_pool", name(layer.name), [input], [input.shape[0], 1, 1])
        guard !layer.flag("keepdims", false) else { return mean }
        return try add("flatten", name(layer.name + ".flatten"), [mean], [input.shape[0]])
    }

    /// Keras flattens (H, W, C) in that order, also where images are kept as (C, H, W).
    mutating func flatten(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        guard input.shape.count == 3 else { return input }
        var value = try add(
            "flatten", name(layer.name), [input], [input.shape.reduce(1, *)])
        // Told that channels come last where they come first, it leaves the order as it is.
        let isTold = layer.config["data_format"]?.stringValue != nil
        value.flattened =
            isChannelsLast || isTold
            ? ParameterRole.FlattenOrigin(
                height: input.shape[1], width: input.shape[2], channels: input.shape[0]) : nil
        value.isNonNegative = input.isNonNegative
        return value
    }

    /// Reshaping that changes nothing, gives a plane its one channel, or flattens.
    mutating func reshape(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        let target = (layer.config["target_shape"]?.arrayValue ?? []).compactMap(\.integerValue)
        let image = input.shape
        if target.count == 1, target[0] == -1 || target[0] == image.reduce(1, *) {
            return isChannelsLast || image.count == 1
                ? try flatten(layer, input) : try unordered(layer, input)
        }
        if image.count == 3 {
            let shown =
                isChannelsLast ? [image[1], image[2], image[0]] : image
            if target == shown {
                var value = input
                value.isPlane = false
                return value
            }
        }
        throw Refusal(reason: "gives the shape \(target), which graphs do not reshape to")
    }

    private mutating func unordered(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        try add("flatten", name(layer.name), [input], [input.shape.reduce(1, *)])
    }
}
