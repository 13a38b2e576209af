// SPDX-License-Identifier: Apache-2.0

import COneDNN

enum BinaryOperation {
    case add
    case subtract
    case multiply

    fileprivate var algorithm: dnnl_alg_kind_t {
        switch self {
        case .add: dnnl_binary_add
        case .subtract: dnnl_binary_sub
        case .multiply: dnnl_binary_mul
        }
    }
}

extension KernelDescription {
    /// f(source); may run in place.
    static func activationForward(
        _ activation: Activation, _ layout: Layout
    ) throws(TrainingError) -> KernelDescription {
        var data = layout.native
        var descriptor = dnnl_eltwise_desc_t()
        try OneDNN.check(
            dnnl_eltwise_forward_desc_init(
                &descriptor, dnnl_forward_inference, activation.forwardAlgorithm, &data,
                activation.alpha, 0),
            "describe the activation")
        return try KernelDescription("activation", descriptor)
    }

    /// dL/dsource from dL/df and the *value* f; may run in place.
    static func activationBackward(
        _ activation: Activation, _ layout: Layout
    ) throws(TrainingError) -> KernelDescription {
        var data = layout.native
        var gradient = layout.native
        // oneDNN wants the forward form with the same algorithm as a hint.
        var forward = dnnl_eltwise_desc_t()
        try OneDNN.check(
            dnnl_eltwise_forward_desc_init(
                &forward, dnnl_forward_training, activation.backwardAlgorithm, &data,
                activation.alpha, 0),
            "describe the activation")
        let hint = try KernelDescription("activation", forward)
        var descriptor = dnnl_eltwise_desc_t()
        try OneDNN.check(
            dnnl_eltwise_backward_desc_init(
                &descriptor, activation.backwardAlgorithm, &gradient, &data, activation.alpha, 0),
            "describe the activation's gradient")
        return try KernelDescription("activation's gradient", descriptor, forward: hint)
    }

    /// first op second, the second broadcast along axes where its extent is 1; may run in place
    /// over the first.
    static func binary(
        _ operation: BinaryOperation, _ first: Layout, _ second: Layout, into result: Layout,
        attributes: KernelAttributes = KernelAttributes()
    ) throws(TrainingError) -> KernelDescription {
        var (first, second, result) = (first.native, second.native, result.native)
        var descriptor = dnnl_binary_desc_t()
        try OneDNN.check(
            dnnl_binary_desc_init(&descriptor, operation.algorithm, &first, &second, &result),
            "describe the elementwise \(operation)")
        return try KernelDescription("elementwise \(operation)", descriptor, attributes: attributes)
    }

    /// Copies between orders and number kinds.
    static func reorder(
        from source: Layout, to destination: Layout
    ) throws(TrainingError) -> KernelDescription {
        let engine = try OneDNN.engine()
        var (source, destination) = (source.native, destination.native)
        let attributes = try KernelAttributes().makeNative()
        defer { dnnl_primitive_attr_destroy(attributes) }
        var description: dnnl_primitive_desc_t?
        let status = dnnl_reorder_primitive_desc_create(
            &description, &source, engine, &destination, engine, attributes)
        return try KernelDescription("reorder", status: status, handle: description)
    }

    /// Joins tensors along `axis` (1: channels).
    static func concatenation(
        _ sources: [Layout], axis: Int, extents: [Int]
    ) throws(TrainingError) -> KernelDescription {
        let engine = try OneDNN.engine()
        let natives = sources.map(\.native)
        var destination = try Layout.any(extents, sources[0].kind).native
        let attributes = try KernelAttributes().makeNative()
        defer { dnnl_primitive_attr_destroy(attributes) }
        var description: dnnl_primitive_desc_t?
        let status = dnnl_concat_primitive_desc_create(
            &description, &destination, Int32(sources.count), Int32(axis), natives, attributes,
            engine)
        return try KernelDescription("concatenation", status: status, handle: description)
    }
}
