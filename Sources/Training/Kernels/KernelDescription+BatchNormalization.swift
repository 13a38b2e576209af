// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// A batch norm over the batch's own statistics: with stored ones it is no kernel of its own.
struct BatchNormalizationMode {
    let epsilon: Float
    /// ReLU in the same pass; its mask goes to the workspace.
    let fusesRelu: Bool

    fileprivate var flags: UInt32 {
        var flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
        if fusesRelu { flags |= dnnl_fuse_norm_relu.rawValue }
        return UInt32(flags)
    }
}

extension KernelDescription {
    static func batchNormalizationForward(
        _ layout: Layout, _ mode: BatchNormalizationMode
    ) throws(TrainingError) -> KernelDescription {
        var data = layout.native
        var descriptor = dnnl_batch_normalization_desc_t()
        try OneDNN.check(
            dnnl_batch_normalization_forward_desc_init(
                &descriptor, dnnl_forward_training, &data, mode.epsilon, mode.flags),
            "describe the forward batch norm")
        return try KernelDescription("forward batch norm", descriptor)
    }

    /// dL/dsource, dL/dscale and dL/dshift.
    static func batchNormalizationBackward(
        _ layout: Layout, _ mode: BatchNormalizationMode, forward: KernelDescription
    ) throws(TrainingError) -> KernelDescription {
        var data = layout.native
        var gradient = layout.native
        var descriptor = dnnl_batch_normalization_desc_t()
        try OneDNN.check(
            dnnl_batch_normalization_backward_desc_init(
                &descriptor, dnnl_backward, &gradient, &data, mode.epsilon, mode.flags),
            "describe the batch norm's gradient")
        return try KernelDescription("batch norm's gradient", descriptor, forward: forward)
    }
}
