// SPDX-License-Identifier: Apache-2.0

import COneDNN

enum PoolingKind {
    case max
    case averageWithPadding
    case averageWithoutPadding

    fileprivate var algorithm: dnnl_alg_kind_t {
        switch self {
        case .max: dnnl_pooling_max
        case .averageWithPadding: dnnl_pooling_avg_include_padding
        case .averageWithoutPadding: dnnl_pooling_avg_exclude_padding
        }
    }
}

extension Extent {
    /// As oneDNN takes it.
    var native: [Int64] { [Int64(height), Int64(width)] }
}

extension Window {
    fileprivate var nativeKernel: [Int64] { kernel.native }
    fileprivate var nativeStride: [Int64] { stride.native }
    fileprivate var nativePaddingBefore: [Int64] { padding.before.native }
    fileprivate var nativePaddingAfter: [Int64] { padding.after.native }
}

extension KernelDescription {
    /// - Parameters:
    ///   - source: the image's layout, which the result follows.
    ///   - training: whether a backward pass follows, for which max pooling keeps its choices in a
    ///     workspace.
    static func poolingForward(
        _ kind: PoolingKind, _ window: Window, source: Layout, destination extents: [Int],
        training: Bool
    ) throws(TrainingError) -> KernelDescription {
        var source = source.native
        var destination = try Layout.any(extents, Layout(source).kind).native
        var descriptor = dnnl_pooling_desc_t()
        try OneDNN.check(
            dnnl_pooling_forward_desc_init(
                &descriptor, training ? dnnl_forward_training : dnnl_forward_inference,
                kind.algorithm, &source, &destination, window.nativeStride, window.nativeKernel,
                window.nativePaddingBefore, window.nativePaddingAfter),
            "describe the forward pooling")
        return try KernelDescription("forward pooling", descriptor)
    }

    /// dL/dsource from dL/ddestination, both in the forward pass's layouts.
    static func poolingBackward(
        _ kind: PoolingKind, _ window: Window, forward: KernelDescription
    ) throws(TrainingError) -> KernelDescription {
        var source = forward.source.native
        var destination = forward.destination.native
        var descriptor = dnnl_pooling_desc_t()
        try OneDNN.check(
            dnnl_pooling_backward_desc_init(
                &descriptor, kind.algorithm, &source, &destination, window.nativeStride,
                window.nativeKernel, window.nativePaddingBefore, window.nativePaddingAfter),
            "describe the pooling's gradient")
        return try KernelDescription("pooling's gradient", descriptor, forward: forward)
    }
}
