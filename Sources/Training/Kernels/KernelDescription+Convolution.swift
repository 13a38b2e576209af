// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// Shapes of one convolution, as oneDNN wants them.
struct ConvolutionShape {
    /// (N, C, H, W).
    let source: [Int]
    /// (O, I, kh, kw), or with groups (G, O/G, I/G, kh, kw): the same bytes.
    let weights: [Int]
    let hasBias: Bool
    /// (N, O, H, W).
    let destination: [Int]
    let window: Window

    fileprivate var strides: [Int64] { window.stride.native }
    fileprivate var paddingBefore: [Int64] { window.padding.before.native }
    fileprivate var paddingAfter: [Int64] { window.padding.after.native }

    /// Layouts with open order; an empty descriptor stands for "no bias".
    fileprivate func layouts(
        _ kind: NumberKind, weights weightKind: NumberKind
    ) throws(TrainingError) -> (
        source: dnnl_memory_desc_t, weights: dnnl_memory_desc_t, bias: dnnl_memory_desc_t,
        destination: dnnl_memory_desc_t
    ) {
        (
            try Layout.any(source, kind).native, try Layout.any(weights, weightKind).native,
            hasBias ? try Layout.plain([destination[1]]).native : dnnl_memory_desc_t(),
            try Layout.any(destination, kind).native
        )
    }
}

extension KernelDescription {
    static func convolutionForward(
        _ shape: ConvolutionShape, kind: NumberKind, training: Bool, activation: Activation?
    ) throws(TrainingError) -> KernelDescription {
        var layouts = try shape.layouts(kind, weights: kind)
        var descriptor = dnnl_convolution_desc_t()
        try OneDNN.check(
            dnnl_convolution_forward_desc_init(
                &descriptor, training ? dnnl_forward_training : dnnl_forward_inference,
                dnnl_convolution_direct, &layouts.source, &layouts.weights, &layouts.bias,
                &layouts.destination, shape.strides, shape.paddingBefore, shape.paddingAfter),
            "describe the forward convolution")
        return try KernelDescription(
            "forward convolution", descriptor,
            attributes: KernelAttributes(activation: activation))
    }

    /// dL/dsource from dL/ddestination.
    static func convolutionBackwardSource(
        _ shape: ConvolutionShape, kind: NumberKind, forward: KernelDescription
    ) throws(TrainingError) -> KernelDescription {
        var layouts = try shape.layouts(kind, weights: kind)
        var descriptor = dnnl_convolution_desc_t()
        try OneDNN.check(
            dnnl_convolution_backward_data_desc_init(
                &descriptor, dnnl_convolution_direct, &layouts.source, &layouts.weights,
                &layouts.destination, shape.strides, shape.paddingBefore, shape.paddingAfter),
            "describe the convolution's input gradient")
        return try KernelDescription(
            "convolution's input gradient", descriptor, forward: forward)
    }

    /// dL/dweights and dL/dbias from dL/ddestination; always in f32.
    static func convolutionBackwardWeights(
        _ shape: ConvolutionShape, kind: NumberKind, forward: KernelDescription
    ) throws(TrainingError) -> KernelDescription {
        var layouts = try shape.layouts(kind, weights: .f32)
        // For images of one to three channels AMX multiplies mostly zeros; the forward pass's own
        // orders lead to the AVX-512 kernel, which takes half the time. In f32 they must stay open:
        // without AVX-512 nothing but the reference kernel takes them, a hundred times as slow.
        if shape.source[1] < 4, kind == .bf16 {
            layouts.source = forward.source.native
            layouts.destination = forward.destination.native
        }
        var descriptor = dnnl_convolution_desc_t()
        try OneDNN.check(
            dnnl_convolution_backward_weights_desc_init(
                &descriptor, dnnl_convolution_direct, &layouts.source, &layouts.weights,
                &layouts.bias, &layouts.destination, shape.strides, shape.paddingBefore,
                shape.paddingAfter),
            "describe the convolution's weight gradient")
        return try KernelDescription(
            "convolution's weight gradient", descriptor, forward: forward)
    }

    /// The gradient of each patch a convolution looked at, (N, I kh kw, H', W') in f32, from
    /// dL/ddestination: a 1x1 convolution. See ``PatchScatter``.
    static func convolutionPatchGradient(
        _ shape: ConvolutionShape, gradient: Layout
    ) throws(TrainingError) -> KernelDescription {
        let count = shape.weights.dropFirst().reduce(1, *)
        let destination = shape.destination
        var source = gradient.native
        var weights = try Layout.any([count, destination[1], 1, 1], gradient.kind).native
        var bias = dnnl_memory_desc_t()
        var result = try Layout.any([destination[0], count] + destination[2...]).native
        var descriptor = dnnl_convolution_desc_t()
        try OneDNN.check(
            dnnl_convolution_forward_desc_init(
                &descriptor, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights,
                &bias, &result, [1, 1], [0, 0], [0, 0]),
            "describe the convolution's patch gradient")
        return try KernelDescription("convolution's patch gradient", descriptor)
    }
}
