// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a node of a graph computes. Semantics and defaults are PyTorch's.
public enum Operation: Hashable, Sendable {
    /// The image, (C, H, W), or a vector, (features).
    case input(shape: Shape)
    /// (x - mean) / deviation per channel: part of the model, so gradients are in pixel units.
    case normalize(mean: [Float], deviation: [Float])
    /// Cross-correlation over (C, H, W).
    case convolution(Convolution)
    /// x W^T + b over (features).
    case dense(units: Int, bias: Bool)
    /// Per channel over batch and pixels; `momentum` is the weight of the newest batch.
    case batchNormalization(epsilon: Float, momentum: Float)
    case activation(Activation)
    case maxPool(Window)
    /// `countsPadding`: whether padded zeros count in the mean's denominator.
    case averagePool(Window, countsPadding: Bool)
    /// (C, H, W) to (C, 1, 1).
    case globalAveragePool
    /// Any shape to (features), row-major.
    case flatten
    /// Training: zeroes each element with probability `rate` and scales the rest by
    /// 1 / (1 - rate). Elsewhere: nothing.
    case dropout(rate: Float)
    /// The sum of two or more equal shapes.
    case add
    /// Along the first axis: channels of images, elements of vectors.
    case concat
}

/// Attributes of `conv2d`.
public struct Convolution: Hashable, Sendable {
    public let filters: Int
    public let window: Window
    public let groups: Int
    public let bias: Bool

    public init(filters: Int, window: Window, groups: Int = 1, bias: Bool = true) {
        self.filters = filters
        self.window = window
        self.groups = groups
        self.bias = bias
    }
}

/// An elementwise function whose derivative is known from its value alone.
public enum Activation: Hashable, Sendable {
    case relu
    /// x for x > 0, else slope x; the slope is not negative.
    case leakyRelu(slope: Float)
    case tanh
    case sigmoid
}

extension Operation {
    /// The name in the JSON form.
    public var name: String {
        switch self {
        case .input: "input"
        case .normalize: "normalize"
        case .convolution: "conv2d"
        case .dense: "dense"
        case .batchNormalization: "batch_norm"
        case .activation(.relu): "relu"
        case .activation(.leakyRelu): "leaky_relu"
        case .activation(.tanh): "tanh"
        case .activation(.sigmoid): "sigmoid"
        case .maxPool: "max_pool"
        case .averagePool: "avg_pool"
        case .globalAveragePool: "global_avg_pool"
        case .flatten: "flatten"
        case .dropout: "dropout"
        case .add: "add"
        case .concat: "concat"
        }
    }

    /// All names of the JSON form, for messages.
    static let names = [
        "input", "normalize", "conv2d", "dense", "batch_norm", "relu", "leaky_relu", "tanh",
        "sigmoid", "max_pool", "avg_pool", "global_avg_pool", "flatten", "dropout", "add", "concat",
    ]

    /// How many inputs the operation takes.
    var inputCounts: ClosedRange<Int> {
        switch self {
        case .input: 0...0
        case .add, .concat: 2...64
        default: 1...1
        }
    }
}
