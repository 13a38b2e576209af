// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasGraph {
    /// Layers that move a window over an image.
    mutating func windowed(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        switch layer.className {
        case "MaxPooling2D", "AveragePooling2D": return try pooled(layer, input)
        case "DepthwiseConv2D":
            return try activated(depthwise(layer, layer.name, input, bias: nil), layer)
        case "SeparableConv2D": return try separable(layer, input)
        default: return try convolution(layer, input)
        }
    }

    private func window(
        _ layer: KerasLayerReader, _ input: Value, kernel key: String, strideKey: String,
        standardStride: [Int]?
    ) throws(Refusal) -> KerasWindow {
        guard layer.pair("dilation_rate") ?? [1, 1] == [1, 1] else {
            throw Refusal(reason: "is dilated, which graphs are not")
        }
        let mode = layer.config["padding"]?.stringValue ?? "valid"
        guard mode == "valid" || mode == "same" else {
            throw Refusal(reason: "has the padding '\(mode)'")
        }
        guard let kernel = layer.pair(key) else { throw Refusal(reason: "has no '\(key)'") }
        let stride = layer.pair(strideKey) ?? standardStride ?? kernel
        guard
            let window = KerasWindow(
                kernel: kernel, stride: stride, isSame: mode == "same",
                over: Array(input.shape.dropFirst()), around: input.padding)
        else {
            throw Refusal(
                reason: "has a window \(kernel), stride \(stride), that does not fit the image"
                    + " \(input.shape)")
        }
        return window
    }

    private mutating func convolution(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        let window = try window(
            layer, input, kernel: "kernel_size", strideKey: "strides", standardStride: [1, 1])
        let filters = layer.integer("filters", 0)
        let groups = layer.integer("groups", 1)
        let channels = input.shape[0]
        guard filters > 0, filters <= 1 << 24, groups > 0, channels % groups == 0,
            filters % groups == 0
        else { throw Refusal(reason: "has \(filters) filters in \(groups) groups") }
        let bias = layer.flag("use_bias", true)
        var attributes = window.attributes
        attributes["filters"] = .integer(filters)
        attributes["groups"] = .integer(groups)
        attributes["bias"] = .bool(bias)
        let value = try add(
            "conv2d", name(layer.name), [input], [filters] + window.positions, attributes)
        need(
            layer.name, .kernel, value.node + "/weight",
            window.kernel + [channels / groups, filters])
        if bias { need(layer.name, .bias, value.node + "/bias", [filters]) }
        return try activated(value, layer)
    }

    /// One group a channel.
    ///
    /// - Parameter bias: nil to do as the layer says.
    private mutating func depthwise(
        _ layer: KerasLayerReader, _ name: String, _ input: Value, bias given: Bool?
    ) throws(Refusal) -> Value {
        let window = try window(
            layer, input, kernel: "kernel_size", strideKey: "strides", standardStride: [1, 1])
        let channels = input.shape[0]
        let multiplier = layer.integer("depth_multiplier", 1)
        guard multiplier > 0, multiplier <= 1 << 16 else {
            throw Refusal(reason: "has the depth multiplier \(multiplier)")
        }
        let filters = channels * multiplier
        let bias = given ?? layer.flag("use_bias", true)
        var attributes = window.attributes
        attributes["filters"] = .integer(filters)
        attributes["groups"] = .integer(channels)
        attributes["bias"] = .bool(bias)
        let value = try add(
            "conv2d", self.name(name), [input], [filters] + window.positions, attributes)
        need(name, .kernel, value.node + "/weight", window.kernel + [channels, multiplier])
        if bias { need(name, .bias, value.node + "/bias", [filters]) }
        return value
    }

    /// A depthwise convolution, then one of 1 x 1 pixels.
    private mutating func separable(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        let first = try depthwise(layer, layer.name + ".depthwise", input, bias: false)
        let filters = layer.integer("filters", 0)
        guard filters > 0, filters <= 1 << 24 else {
            throw Refusal(reason: "has \(filters) filters")
        }
        let bias = layer.flag("use_bias", true)
        let unit: JSON = [1, 1]
        let second = layer.name + ".pointwise"
        let value = try add(
            "conv2d", name(second), [first], [filters] + first.shape.dropFirst(),
            [
                "kernel": unit, "stride": unit, "padding": [0, 0], "filters": .integer(filters),
                "groups": 1, "bias": .bool(bias),
            ])
        need(second, .kernel, value.node + "/weight", [1, 1, first.shape[0], filters])
        if bias { need(second, .bias, value.node + "/bias", [filters]) }
        return try activated(value, layer)
    }

    private mutating func pooled(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        let window = try window(
            layer, input, kernel: "pool_size", strideKey: "strides", standardStride: nil)
        let isMaximum = layer.className == "MaxPooling2D"
        var attributes = window.attributes
        if isMaximum {
            // A graph's maximum never sees padding; Keras's sees a padding layer's zeros.
            guard input.padding.isNone || input.isNonNegative else {
                throw Refusal(reason: "takes the maximum over the zeros of a padding layer")
            }
        } else {
            guard input.padding.isNone || window.padding == input.padding else {
                throw Refusal(reason: "pads an image that is padded already")
            }
            attributes["count_padding"] = .bool(!input.padding.isNone)
        }
        let padding = window.padding
        guard 2 * max(padding.top, padding.bottom) <= window.kernel[0],
            2 * max(padding.left, padding.right) <= window.kernel[1]
        else { throw Refusal(reason: "pads by more than half its window") }
        var value = try add(
            isMaximum ? "max_pool" : "avg_pool", name(layer.name), [input],
            [input.shape[0]] + window.positions, attributes)
        value.isNonNegative = input.isNonNegative
        return value
    }

    /// Zeros that the next window takes over.
    func padded(_ layer: KerasLayerReader, _ input: Value) throws(Refusal) -> Value {
        guard input.shape.count == 3, !input.isPlane else {
            throw Refusal(reason: "takes images, found the shape \(input.shape)")
        }
        var sides = layer.pair("padding").map { [$0[0], $0[0], $0[1], $0[1]] } ?? []
        if sides.isEmpty, let axes = layer.config["padding"]?.arrayValue, axes.count == 2 {
            sides = axes.flatMap { ($0.arrayValue ?? []).compactMap(\.integerValue) }
        }
        guard sides.count == 4, sides.allSatisfy({ $0 >= 0 && $0 <= 1 << 16 }) else {
            throw Refusal(reason: "has a padding that is not understood")
        }
        var value = input
        value.padding =
            value.padding
            + KerasPadding(top: sides[0], left: sides[2], bottom: sides[1], right: sides[3])
        return value
    }
}
