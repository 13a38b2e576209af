// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasGraph {
    /// What a layer gives for `inputs`.
    mutating func value(
        of layer: KerasLayer, named name: String, _ inputs: [Value]
    ) throws(Refusal) -> Value {
        do throws(Refusal) {
            guard layer.calls[0].isUnderstood, !layer.isOperation else {
                throw Refusal(reason: "takes more than the outputs of layers")
            }
            let format = layer.config["data_format"]?.stringValue
            guard format == nil || (format != "channels_first") == isChannelsLast else {
                throw Refusal(reason: "has its channels elsewhere than the layers before")
            }
            if let nested = layer.model {
                let outputs = try run(nested, prefix: name + ".", inputs: inputs)
                guard outputs.count == 1 else {
                    throw Refusal(reason: "has \(outputs.count) outputs")
                }
                return outputs[0]
            }
            let layer = KerasLayerReader(layer, name: name)
            switch layer.className {
            case "Add", "Concatenate": return try join(layer, inputs)
            default:
                guard inputs.count == 1 else {
                    throw Refusal(reason: "takes one input, found \(inputs.count)")
                }
                return try value(of: layer, inputs[0])
            }
        } catch {
            guard layer.model == nil else { throw error }
            throw Refusal(
                reason: error.reason.hasPrefix("layer '")
                    ? error.reason : "layer '\(name)' (\(layer.className)) \(error.reason)")
        }
    }

    private mutating func value(
        of layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        guard !input.isProbability else {
            throw Refusal(reason: "follows a softmax, which only ends a graph")
        }
        switch layer.className {
        case "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D":
            guard input.shape.count == 3, !input.isPlane else {
                throw Refusal(reason: "takes images, found the shape \(input.shape)")
            }
            return try windowed(layer, input)
        case "ZeroPadding2D": return try padded(layer, input)
        default: break
        }
        guard input.padding.isNone else {
            throw Refusal(reason: "follows a padding layer, which only windows take over")
        }
        switch layer.className {
        case "Dense": return try dense(layer, input)
        case "BatchNormalization": return try batchNormalization(layer, input)
        case "Rescaling": return try rescaling(layer, input)
        case "Normalization": return try normalization(layer, input)
        case "Activation", "ReLU", "LeakyReLU", "Softmax": return try activation(layer, input)
        case "GlobalAveragePooling2D": return try globalAverage(layer, input)
        case "Flatten": return try flatten(layer, input)
        case "Reshape": return try reshape(layer, input)
        case "Dropout":
            var value = input
            let result = try add(
                "dropout", name(layer.name), [input], input.shape,
                ["rate": .float(Float(layer.number("rate", 0.5)))])
            value.node = result.node
            return value
        case "Identity", "InputLayer": return input
        case "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
            "ActivityRegularization":
            note(
                "layer '\(layer.name)' (\(layer.className)) acts in training only, and is left out")
            return input
        default: throw Refusal(reason: "was not understood")
        }
    }

    private mutating func join(
        _ layer: KerasLayerReader, _ inputs: [Value]
    ) throws(Refusal) -> Value {
        guard inputs.count >= 2, inputs.count <= 64 else {
            throw Refusal(reason: "joins \(inputs.count) inputs, 2 to 64 are understood")
        }
        guard inputs.allSatisfy({ $0.padding.isNone && !$0.isProbability && !$0.isPlane }) else {
            throw Refusal(reason: "joins what a padding or softmax layer gives")
        }
        let first = inputs[0]
        if layer.className == "Add" {
            guard
                inputs.allSatisfy({ $0.shape == first.shape && $0.flattened == first.flattened })
            else { throw Refusal(reason: "adds different shapes, which would be repeated") }
            var value = try add("add", name(layer.name), inputs, first.shape)
            value.flattened = first.flattened
            value.isNonNegative = inputs.allSatisfy(\.isNonNegative)
            return value
        }
        let axis = layer.integer("axis", -1)
        let channels = first.shape.count == 1 ? 1 : isChannelsLast ? 3 : 1
        guard axis == channels || (axis == -1 && channels == first.shape.count) else {
            throw Refusal(reason: "joins along axis \(axis), which is not that of the channels")
        }
        guard inputs.allSatisfy({ $0.shape.dropFirst() == first.shape.dropFirst() }),
            inputs.allSatisfy({ ($0.flattened?.height ?? 1) * ($0.flattened?.width ?? 1) == 1 })
        else { throw Refusal(reason: "joins shapes that only fit in Keras's order of axes") }
        var value = try add(
            "concat", name(layer.name), inputs,
            [inputs.reduce(0) { $0 + $1.shape[0] }] + first.shape.dropFirst())
        value.isNonNegative = inputs.allSatisfy(\.isNonNegative)
        return value
    }

    private mutating func dense(
        _ layer: KerasLayerReader, _ input: Value
    ) throws(Refusal) -> Value {
        guard input.shape.count == 1 else {
            throw Refusal(reason: "takes vectors, found the shape \(input.shape)")
        }
        let units = layer.integer("units", 0)
        guard units > 0, units <= 1 << 24 else { throw Refusal(reason: "has \(units) units") }
        let bias = layer.flag("use_bias", true)
        let value = try add(
            "dense", name(layer.name), [input], [units],
            ["units": .integer(units), "bias": .bool(bias)])
        need(layer.name, .kernel, value.node + "/weight", [input.shape[0], units])
        if bias { need(layer.name, .bias, value.node + "/bias", [units]) }
        note(layer.name, flattenedFrom: input.flattened)
        return try activated(value, layer)
    }
}
