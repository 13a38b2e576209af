// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasExport {
    /// The layer, or the two, that a node is.
    mutating func layer(
        for node: KerasLayerReader, _ inputs: [Output]
    ) throws(Refusal) -> Output {
        if node.className == "input" {
            let shape = (node.numbers("shape") ?? []).compactMap { Int(exactly: $0) }
            guard shape.count == 1 || shape.count == 3 else {
                throw Refusal(reason: "has the shape \(shape)")
            }
            return try add(
                "InputLayer", node.name, [], shape, ["batch_shape": .array(Self.shown(shape))])
        }
        if node.className == "add" || node.className == "concat" {
            return try join(node, inputs)
        }
        guard inputs.count == 1 else { throw Refusal(reason: "takes \(inputs.count) inputs") }
        let input = inputs[0]
        switch node.className {
        case "conv2d", "max_pool", "avg_pool":
            guard input.shape.count == 3 else { throw Refusal(reason: "takes images") }
            return try windowed(node, input)
        case "normalize": return try normalize(node, input)
        case "dense":
            guard input.shape.count == 1 else { throw Refusal(reason: "takes vectors") }
            let units = node.integer("units", 0)
            return try add(
                "Dense", node.name, inputs, [units],
                [
                    "units": .integer(units), "activation": "linear",
                    "use_bias": .bool(node.flag("bias", true)),
                ])
        case "batch_norm":
            return try add(
                "BatchNormalization", node.name, inputs, input.shape,
                [
                    "axis": -1, "epsilon": .number(node.number("epsilon", 1e-5)),
                    "momentum": .float(Float(1 - node.number("momentum", 0.1))),
                    "center": true, "scale": true,
                ])
        case "relu", "tanh", "sigmoid":
            var output = try add(
                "Activation", node.name, inputs, input.shape,
                ["activation": .string(node.className)])
            output.isNonNegative = node.className != "tanh"
            return output
        case "leaky_relu":
            return try add(
                "LeakyReLU", node.name, inputs, input.shape,
                ["negative_slope": .number(node.number("slope", 0.01))])
        case "global_avg_pool":
            guard input.shape.count == 3 else { throw Refusal(reason: "takes images") }
            return try add(
                "GlobalAveragePooling2D", node.name, inputs, [input.shape[0], 1, 1],
                ["data_format": "channels_last", "keepdims": true])
        case "flatten":
            return try add(
                "Flatten", node.name, inputs, [input.shape.reduce(1, *)],
                ["data_format": "channels_last"])
        case "dropout":
            var output = try add(
                "Dropout", node.name, inputs, input.shape,
                ["rate": .number(node.number("rate", 0.5))])
            output.isNonNegative = input.isNonNegative
            return output
        default: throw Refusal(reason: "is no layer of Keras")
        }
    }

    private mutating func join(
        _ node: KerasLayerReader, _ inputs: [Output]
    ) throws(Refusal) -> Output {
        guard inputs.count > 1 else { throw Refusal(reason: "takes \(inputs.count) inputs") }
        let isSum = node.className == "add"
        var shape = inputs[0].shape
        if !isSum { shape[0] = inputs.reduce(0) { $0 + $1.shape[0] } }
        var output = try add(
            isSum ? "Add" : "Concatenate", node.name, inputs, shape, isSum ? [:] : ["axis": -1])
        output.isNonNegative = inputs.allSatisfy(\.isNonNegative)
        return output
    }

    /// A layer that is told its statistics keeps no variables.
    private mutating func normalize(
        _ node: KerasLayerReader, _ input: Output
    ) throws(Refusal) -> Output {
        guard let mean = node.numbers("mean"), let deviation = node.numbers("std") else {
            throw Refusal(reason: "has no mean and std")
        }
        let count = max(mean.count, deviation.count)
        func spread(_ values: [Double]) -> [Double] {
            values.count == count ? values : [Double](repeating: values[0], count: count)
        }
        let isOne = count == 1
        let means = spread(mean)
        let variances = spread(deviation).map { $0 * $0 }
        return try add(
            "Normalization", node.name, [input], input.shape,
            [
                "axis": isOne ? .null : [-1],
                "mean": isOne ? .number(means[0]) : .array(means.map { .number($0) }),
                "variance": isOne ? .number(variances[0]) : .array(variances.map { .number($0) }),
                "invert": false,
            ])
    }

    /// Keras pads by a layer of its own, which puts zeros; only a maximum that could be negative
    /// cannot have that.
    private mutating func windowed(
        _ node: KerasLayerReader, _ input: Output
    ) throws(Refusal) -> Output {
        let sides = try padding(node)
        guard let kernel = node.pair("kernel"),
            let window = KerasWindow(
                kernel: kernel,
                stride: node.pair("stride") ?? (node.className == "conv2d" ? [1, 1] : kernel),
                isSame: false, over: Array(input.shape.dropFirst()), around: sides)
        else { throw Refusal(reason: "has a window that does not fit \(input.shape)") }
        var config: [String: JSON] = [
            "strides": .array(window.stride.map { .integer($0) }),
            "padding": "valid", "data_format": "channels_last",
        ]
        let extents: JSON = .array(kernel.map { .integer($0) })
        var given = input
        let isCounted = node.className == "avg_pool" && node.flag("count_padding", true)
        let isHarmless = node.className == "max_pool" && input.isNonNegative
        if !sides.isNone, node.className == "conv2d" || isCounted || isHarmless {
            given = try padded(node, input, sides)
        } else if !sides.isNone {
            let same = KerasWindow(
                kernel: kernel, stride: window.stride, isSame: true,
                over: Array(input.shape.dropFirst()), around: KerasPadding())
            guard same?.padding == sides, same?.positions == window.positions else {
                throw Refusal(reason: "pads as no layer of Keras does")
            }
            config["padding"] = "same"
        }
        guard node.className == "conv2d" else {
            config["pool_size"] = extents
            var output = try add(
                node.className == "max_pool" ? "MaxPooling2D" : "AveragePooling2D", node.name,
                [given], [input.shape[0]] + window.positions, config)
            output.isNonNegative = input.isNonNegative
            return output
        }
        config["kernel_size"] = extents
        return try convolution(node, given, window, config)
    }

    private mutating func convolution(
        _ node: KerasLayerReader, _ input: Output, _ window: KerasWindow,
        _ given: [String: JSON]
    ) throws(Refusal) -> Output {
        var config = given
        let filters = node.integer("filters", 0)
        let groups = node.integer("groups", 1)
        config["activation"] = "linear"
        config["use_bias"] = .bool(node.flag("bias", true))
        config["dilation_rate"] = [1, 1]
        let shape = [filters] + window.positions
        guard filters > 0, groups > 0, filters % groups == 0 else {
            throw Refusal(reason: "has \(filters) filters in \(groups) groups")
        }
        if isDepthwise(node.name), groups == input.shape[0] {
            config["depth_multiplier"] = .integer(filters / groups)
            return try add("DepthwiseConv2D", node.name, [input], shape, config)
        }
        config["filters"] = .integer(filters)
        config["groups"] = .integer(groups)
        return try add("Conv2D", node.name, [input], shape, config)
    }

    private mutating func padded(
        _ node: KerasLayerReader, _ input: Output, _ sides: KerasPadding
    ) throws(Refusal) -> Output {
        let (top, bottom) = (JSON.integer(sides.top), JSON.integer(sides.bottom))
        let (left, right) = (JSON.integer(sides.left), JSON.integer(sides.right))
        return try add(
            "ZeroPadding2D", node.name + "_pad", [input],
            [
                input.shape[0], input.shape[1] + sides.top + sides.bottom,
                input.shape[2] + sides.left + sides.right,
            ],
            ["padding": [[top, bottom], [left, right]], "data_format": "channels_last"])
    }

    /// An integer, [height, width] or [top, left, bottom, right].
    private func padding(_ node: KerasLayerReader) throws(Refusal) -> KerasPadding {
        guard node.config["padding"] != nil else { return KerasPadding() }
        if let pair = node.pair("padding"), pair.allSatisfy({ (0...1 << 16).contains($0) }) {
            return KerasPadding(top: pair[0], left: pair[1], bottom: pair[0], right: pair[1])
        }
        let sides = (node.numbers("padding") ?? []).compactMap { Int(exactly: $0) }
        guard sides.count == 4, sides.allSatisfy({ (0...1 << 16).contains($0) }) else {
            throw Refusal(reason: "has a padding that is not understood")
        }
        return KerasPadding(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
    }
}
