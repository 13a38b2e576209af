// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The conversions between Keras's and PyTorch's layout (`docs/formats.md` has them as a table).
///
/// Each is written once, from Keras to PyTorch; the way back is its inverse.
extension LayoutRule {
    /// What keeps a rule from being made, as the end of a sentence about the tensor.
    struct Refusal: Error {
        let problem: String
    }

    /// The rule for a tensor of `shape` in the role's layout.
    ///
    /// - Throws: ``Refusal`` when the shape does not fit the role or the role says too little.
    init(
        for role: ParameterRole, shape: Shape, to target: ParameterRole.Layout
    ) throws(Refusal) {
        guard role.layout != target, shape.rank > 1 else {
            self.init(unchanged: shape)
            return
        }
        guard role.parameter == .kernel else {
            throw Refusal(
                problem: "no rule says how the \(role.kerasName) \(shape) of a "
                    + "\(role.kind.title) is laid out in \(target.title)'s layout")
        }
        switch role.kind {
        case .convolution:
            self = try .convolution(shape, to: target)
        case .transposedConvolution:
            self = try .transposedConvolution(shape, to: target)
        case .depthwiseConvolution:
            self = try .depthwise(shape, multiplier: role.depthMultiplier, to: target)
        case .dense:
            self = try .dense(shape, flattened: role.flatten, to: target)
        case .batchNormalization, .other:
            throw Refusal(
                problem: "no rule says how the kernel \(shape) of a \(role.kind.title) is laid "
                    + "out in \(target.title)'s layout")
        }
    }

    /// HWIO to OIHW; the same with one or three spatial axes.
    static func convolution(
        _ shape: Shape, to target: ParameterRole.Layout
    ) throws(Refusal) -> LayoutRule {
        try reversal(shape, channels: ("I", "O"), of: "convolution", to: target)
    }

    /// HWOI to IOHW: PyTorch keeps the input axis outermost when it transposes a convolution.
    static func transposedConvolution(
        _ shape: Shape, to target: ParameterRole.Layout
    ) throws(Refusal) -> LayoutRule {
        try reversal(shape, channels: ("O", "I"), of: "transposed convolution", to: target)
    }

    /// Keras has the channels last, PyTorch first and in the other order; spatial axes stay.
    private static func reversal(
        _ shape: Shape, channels: (String, String), of layer: String,
        to target: ParameterRole.Layout
    ) throws(Refusal) -> LayoutRule {
        let spatial = shape.rank - 2
        guard (1...3).contains(spatial) else {
            throw Refusal(problem: "found shape \(shape), expected the kernel of a \(layer)")
        }
        let letters = ["W", "HW", "DHW"][spatial - 1]
        let keras = letters + channels.0 + channels.1
        let pytorch = channels.1 + channels.0 + letters
        let toPyTorch = [spatial + 1, spatial] + Array(0..<spatial)
        let toKeras = Array(2..<shape.rank) + [1, 0]
        let order = target == .pytorch ? toPyTorch : toKeras
        return LayoutRule(
            source: shape, target: Shape(trusted: order.map { shape[$0] }),
            factors: shape.dimensions, order: order,
            target == .pytorch ? "\(keras) -> \(pytorch)" : "\(pytorch) -> \(keras)")
    }

    /// (kh, kw, I, M) to (I * M, 1, kh, kw), one group a channel.
    static func depthwise(
        _ shape: Shape, multiplier: Int?, to target: ParameterRole.Layout
    ) throws(Refusal) -> LayoutRule {
        let spatial = shape.rank - 2
        guard (1...3).contains(spatial) else {
            throw Refusal(
                problem: "found shape \(shape), expected the kernel of a depthwise convolution")
        }
        let letters = ["W", "HW", "DHW"][spatial - 1]
        if target == .pytorch {
            let (inputs, multiplier) = (shape[spatial], shape[spatial + 1])
            let extents = Array(shape.dimensions.prefix(spatial))
            let (channels, overflow) = inputs.multipliedReportingOverflow(by: multiplier)
            guard !overflow, let result = try? Shape([channels, 1] + extents) else {
                throw Refusal(problem: "its \(inputs) x \(multiplier) channels are too many")
            }
            return LayoutRule(
                source: shape, target: result, factors: shape.dimensions,
                order: [spatial, spatial + 1] + Array(0..<spatial),
                "\(letters)IM -> (I*M)1\(letters)")
        }
        guard let multiplier else {
            throw Refusal(
                problem: "the depth multiplier is not known, so the \(shape[0]) channels of the "
                    + "depthwise kernel \(shape) cannot be told apart")
        }
        guard shape[1] == 1, multiplier > 0, shape[0].isMultiple(of: multiplier) else {
            throw Refusal(
                problem: "found shape \(shape), expected a depthwise kernel with a multiple of "
                    + "\(multiplier) channels and one input each")
        }
        let inverse = try depthwise(
            Shape(
                trusted: Array(shape.dimensions.dropFirst(2)) + [
                    shape[0] / multiplier, multiplier,
                ]),
            multiplier: nil, to: .pytorch)
        return inverse.inverse("(I*M)1\(letters) -> \(letters)IM")
    }

    /// (in, out) to (out, in); inputs flattened from an image go from HWC to CHW as well.
    static func dense(
        _ shape: Shape, flattened origin: ParameterRole.FlattenOrigin?,
        to target: ParameterRole.Layout
    ) throws(Refusal) -> LayoutRule {
        guard shape.rank == 2 else {
            throw Refusal(problem: "found shape \(shape), expected the kernel of a dense layer")
        }
        let inputs = target == .pytorch ? shape[0] : shape[1]
        let outputs = target == .pytorch ? shape[1] : shape[0]
        let names =
            target == .pytorch ? "(in, out) -> (out, in)" : "(out, in) -> (in, out)"
        let swapped = Shape(trusted: [shape[1], shape[0]])
        guard let origin, origin.height != 1 || origin.width != 1 else {
            return LayoutRule(
                source: shape, target: swapped, factors: shape.dimensions, order: [1, 0], names)
        }
        let (height, width, channels) = (origin.height, origin.width, origin.channels)
        guard [height, width, channels].allSatisfy({ $0 >= 0 }),
            (try? Shape([height, width, channels]))?.elementCount == inputs
        else {
            throw Refusal(
                problem: "found \(inputs) inputs in shape \(shape), expected \(height) x \(width) "
                    + "x \(channels), the image they were flattened from")
        }
        if target == .pytorch {
            return LayoutRule(
                source: shape, target: swapped, factors: [height, width, channels, outputs],
                order: [3, 2, 0, 1],
                "\(names), rows from (\(height), \(width), \(channels)) HWC to CHW")
        }
        return LayoutRule(
            source: shape, target: swapped, factors: [outputs, channels, height, width],
            order: [2, 3, 1, 0],
            "\(names), columns from (\(channels), \(height), \(width)) CHW to HWC")
    }
}

extension ParameterRole.Layout {
    /// The framework's name in sentences.
    public var title: String {
        switch self {
        case .keras: "Keras"
        case .pytorch: "PyTorch"
        }
    }
}

extension ParameterRole.LayerKind {
    /// The kind in sentences.
    public var title: String {
        switch self {
        case .convolution: "convolution"
        case .depthwiseConvolution: "depthwise convolution"
        case .transposedConvolution: "transposed convolution"
        case .dense: "dense layer"
        case .batchNormalization: "batch normalization"
        case .other(let name): "layer of class \(name)"
        }
    }
}
