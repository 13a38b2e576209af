// SPDX-License-Identifier: Apache-2.0

/// What the classes of Keras keep as variables, and what those are.
enum KerasClass {
    /// Names of the variables of a layer, in the order in which they are stored; nil for a class
    /// that is not known. The order is that of `add_weight` in the class's `build`.
    ///
    /// - Parameter flag: the value of a flag of the configuration, with its default.
    static func variables(
        of className: String, flag: (_ name: String, _ standard: Bool) -> Bool
    ) -> [String]? {
        let bias = flag("use_bias", true) ? ["bias"] : []
        switch className {
        case "Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose",
            "Conv3DTranspose":
            return ["kernel"] + bias
        case "DepthwiseConv1D", "DepthwiseConv2D": return ["depthwise_kernel"] + bias
        case "SeparableConv1D", "SeparableConv2D":
            return ["depthwise_kernel", "pointwise_kernel"] + bias
        case "BatchNormalization":
            return (flag("scale", true) ? ["gamma"] : []) + (flag("center", true) ? ["beta"] : [])
                + ["moving_mean", "moving_variance"]
        case "LayerNormalization", "GroupNormalization":
            return (flag("scale", true) ? ["gamma"] : []) + (flag("center", true) ? ["beta"] : [])
        case "Embedding": return ["embeddings"]
        case "PReLU": return ["alpha"]
        case "LSTM", "GRU", "SimpleRNN": return ["kernel", "recurrent_kernel"] + bias
        case "InputLayer", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "MaxPooling1D",
            "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D",
            "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten", "Dropout",
            "SpatialDropout2D", "GaussianNoise",
            "GaussianDropout", "AlphaDropout", "ActivityRegularization", "Add", "Subtract",
            "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "ZeroPadding1D",
            "ZeroPadding2D", "Cropping2D", "UpSampling2D", "Rescaling", "Reshape", "Permute",
            "RepeatVector", "Identity", "Masking":
            return []
        default: return nil
        }
    }

    /// The class under its present name.
    static func current(_ className: String) -> String {
        switch className {
        case "Convolution1D": "Conv1D"
        case "Convolution2D": "Conv2D"
        case "Convolution3D": "Conv3D"
        case "Convolution2DTranspose": "Conv2DTranspose"
        case "SeparableConvolution2D": "SeparableConv2D"
        case "MaxPool2D": "MaxPooling2D"
        case "AvgPool2D": "AveragePooling2D"
        case "GlobalAvgPool2D": "GlobalAveragePooling2D"
        case "BatchNormalizationV1", "BatchNormalizationV2": "BatchNormalization"
        default: className
        }
    }

    /// The group below the layer's own that holds its variables: recurrent layers keep them in
    /// their cell.
    static func cell(of className: String) -> String? {
        switch className {
        case "LSTM": "lstm_cell"
        case "GRU": "gru_cell"
        case "SimpleRNN": "simple_rnn_cell"
        default: nil
        }
    }

    /// Whether training changes the variable by gradients: legacy files list those first.
    static func isTrainable(_ variable: String) -> Bool {
        !["moving_mean", "moving_variance", "mean", "variance", "count"].contains(variable)
    }

    /// What a variable is; layers that hold two, as separable convolutions do, are told apart by a
    /// suffix of the layer's name.
    ///
    /// - Parameter group: the class in the form of a group's name: `conv2d`.
    static func role(
        layer: String, group: String, variable: String
    ) -> ParameterRole {
        var layer = layer
        var kind: ParameterRole.LayerKind
        switch group {
        case "conv2d": kind = .convolution
        case "depthwise_conv2d": kind = .depthwiseConvolution
        case "conv2d_transpose": kind = .transposedConvolution
        case "dense": kind = .dense
        case "batch_normalization": kind = .batchNormalization
        case "separable_conv2d":
            let isFirst = variable == "depthwise_kernel"
            kind = isFirst ? .depthwiseConvolution : .convolution
            layer += isFirst ? ".depthwise" : ".pointwise"
        default: kind = .other(group)
        }
        var parameter = parameter(variable)
        if variable.hasSuffix("_kernel"), kind == .depthwiseConvolution || kind == .convolution {
            parameter = .kernel
        }
        return ParameterRole(layer: layer, kind: kind, parameter: parameter, layout: .keras)
    }

    /// A variable by its name in Keras.
    static func parameter(_ variable: String) -> ParameterRole.Parameter {
        switch variable {
        case "kernel": .kernel
        case "bias": .bias
        case "gamma": .scale
        case "beta": .shift
        case "moving_mean": .movingMean
        case "moving_variance": .movingVariance
        default: .other(variable)
        }
    }

    /// The variable's name by its position, where only the class in the path and the number of
    /// variables are known; nil where those leave it open.
    static func variable(group: String, index: Int, count: Int) -> String? {
        let names: [String]
        switch group {
        case "batch_normalization":
            // One of four or one of two is certain; of three, the first is gamma or beta.
            switch count {
            case 4: names = ["gamma", "beta", "moving_mean", "moving_variance"]
            case 3 where index > 0: names = ["", "moving_mean", "moving_variance"]
            case 2: names = ["moving_mean", "moving_variance"]
            default: return nil
            }
        case "layer_normalization", "group_normalization":
            guard count == 2 else { return nil }
            names = ["gamma", "beta"]
        case "separable_conv1d", "separable_conv2d":
            names = ["depthwise_kernel", "pointwise_kernel", "bias"]
        case "depthwise_conv1d", "depthwise_conv2d": names = ["depthwise_kernel", "bias"]
        case "lstm", "gru", "simple_rnn": names = ["kernel", "recurrent_kernel", "bias"]
        case "embedding": names = ["embeddings"]
        case "p_re_lu": names = ["alpha"]
        case "normalization": names = ["mean", "variance", "count"]
        case "dense", "einsum_dense", "conv1d", "conv2d", "conv3d", "conv1d_transpose",
            "conv2d_transpose", "conv3d_transpose":
            names = ["kernel", "bias"]
        default: return "\(index)"
        }
        return names.indices.contains(index) ? names[index] : "\(index)"
    }
}
