// SPDX-License-Identifier: Apache-2.0

/// What a tensor is in its model: which layer, which parameter, and how its axes lie.
public struct ParameterRole: Hashable, Sendable {
    /// The layer as people know it: `conv1`; nested models joined by dots.
    public var layer: String
    public var kind: LayerKind
    public var parameter: Parameter
    /// How the axes lie in the file at hand.
    public var layout: Layout
    /// For a dense kernel whose input was flattened from an image.
    public var flatten: FlattenOrigin?
    /// Of a depthwise kernel: its outputs for each input channel. Keras's shape tells it; in
    /// PyTorch's layout the shape does not, and nil means that it is not known.
    public var depthMultiplier: Int?

    public init(
        layer: String, kind: LayerKind, parameter: Parameter, layout: Layout,
        flatten: FlattenOrigin? = nil, depthMultiplier: Int? = nil
    ) {
        self.layer = layer
        self.kind = kind
        self.parameter = parameter
        self.layout = layout
        self.flatten = flatten
        self.depthMultiplier = depthMultiplier
    }

    public enum LayerKind: Hashable, Sendable {
        case convolution
        /// `multiplier` outputs for each input channel, one group a channel.
        case depthwiseConvolution
        case transposedConvolution
        case dense
        case batchNormalization
        /// A class that no layout rule knows, by its framework's name.
        case other(String)
    }

    public enum Parameter: Hashable, Sendable {
        case kernel
        case bias
        /// Of a normalisation: Keras's gamma, PyTorch's weight.
        case scale
        /// Of a normalisation: Keras's beta, PyTorch's bias.
        case shift
        case movingMean
        case movingVariance
        case other(String)
    }

    /// Whose axis order a kernel follows. Vectors are the same in both.
    public enum Layout: String, Hashable, Sendable {
        /// HWIO convolutions, (in, out) dense kernels, flattened from HWC.
        case keras
        /// OIHW convolutions, (out, in) dense kernels, flattened from CHW.
        case pytorch
    }

    /// The image that a dense kernel's inputs were flattened from.
    public struct FlattenOrigin: Hashable, Sendable {
        public var height: Int
        public var width: Int
        public var channels: Int

        public init(height: Int, width: Int, channels: Int) {
            self.height = height
            self.width = width
            self.channels = channels
        }
    }
}

extension ParameterRole {
    /// The parameter in Keras's words: `kernel`, `gamma`, `moving_mean`.
    public var kerasName: String {
        switch parameter {
        case .kernel: kind == .depthwiseConvolution ? "depthwise_kernel" : "kernel"
        case .bias: "bias"
        case .scale: "gamma"
        case .shift: "beta"
        case .movingMean: "moving_mean"
        case .movingVariance: "moving_variance"
        case .other(let name): name
        }
    }

    /// The parameter in PyTorch's words: `weight`, `running_mean`.
    public var pytorchName: String {
        switch parameter {
        case .kernel, .scale: "weight"
        case .bias, .shift: "bias"
        case .movingMean: "running_mean"
        case .movingVariance: "running_var"
        case .other(let name): name
        }
    }
}
