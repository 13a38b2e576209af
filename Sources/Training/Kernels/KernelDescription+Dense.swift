// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// Shapes of one dense layer: source (N, I), weights (O, I), destination (N, O).
struct DenseShape {
    let rows: Int
    let inputs: Int
    let outputs: Int
    let hasBias: Bool

    var source: [Int] { [rows, inputs] }
    var weights: [Int] { [outputs, inputs] }
    var destination: [Int] { [rows, outputs] }

    fileprivate func bias() throws(TrainingError) -> dnnl_memory_desc_t {
        hasBias ? try Layout.plain([outputs]).native : dnnl_memory_desc_t()
    }

    fileprivate func weights(_ kind: NumberKind) throws(TrainingError) -> dnnl_memory_desc_t {
        // In f32 the arena's own order is as fast as a blocked one and needs no reorder.
        try (kind == .f32 ? Layout.plain(weights) : Layout.any(weights, kind)).native
    }
}

extension KernelDescription {
    static func denseForward(
        _ shape: DenseShape, kind: NumberKind, destination: NumberKind, training: Bool,
        activation: Activation?
    ) throws(TrainingError) -> KernelDescription {
        var source = try Layout.plain(shape.source, kind).native
        var weights = try shape.weights(kind)
        var bias = try shape.bias()
        var result = try Layout.plain(shape.destination, destination).native
        var descriptor = dnnl_inner_product_desc_t()
        try OneDNN.check(
            dnnl_inner_product_forward_desc_init(
                &descriptor, training ? dnnl_forward_training : dnnl_forward_inference, &source,
                &weights, &bias, &result),
            "describe the forward dense layer")
        return try KernelDescription(
            "forward dense layer", descriptor, attributes: KernelAttributes(activation: activation))
    }

    /// dL/dsource from dL/ddestination.
    static func denseBackwardSource(
        _ shape: DenseShape, kind: NumberKind, forward: KernelDescription
    ) throws(TrainingError) -> KernelDescription {
        var source = try Layout.plain(shape.source, kind).native
        var weights = try shape.weights(kind)
        var result = try Layout.plain(shape.destination, kind).native
        var descriptor = dnnl_inner_product_desc_t()
        try OneDNN.check(
            dnnl_inner_product_backward_data_desc_init(&descriptor, &source, &weights, &result),
            "describe the dense layer's input gradient")
        return try KernelDescription("dense layer's input gradient", descriptor, forward: forward)
    }

    /// dL/dweights and dL/dbias from dL/ddestination; always in f32.
    static func denseBackwardWeights(
        _ shape: DenseShape, kind: NumberKind, forward: KernelDescription
    ) throws(TrainingError) -> KernelDescription {
        var source = try Layout.plain(shape.source, kind).native
        var weights = try Layout.plain(shape.weights).native
        var bias = try shape.bias()
        var result = try Layout.plain(shape.destination, kind).native
        var descriptor = dnnl_inner_product_desc_t()
        try OneDNN.check(
            dnnl_inner_product_backward_weights_desc_init(
                &descriptor, &source, &weights, &bias, &result),
            "describe the dense layer's weight gradient")
        return try KernelDescription("dense layer's weight gradient", descriptor, forward: forward)
    }
}
