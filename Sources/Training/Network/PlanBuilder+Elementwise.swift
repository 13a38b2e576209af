// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Nodes that keep or only rearrange the shape: normalize, activations, flatten, dropout.
extension PlanBuilder {
    /// y = (x - mean) (1 / deviation), per channel.
    func buildNormalize(
        _ index: Int, mean: [Float], deviation: [Float]
    ) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let channels = graph.shapes[input][0]
        let source = try reordered(value(input), to: value(input).layout.with(kind))
        let mean = try channelConstants(mean, channels, like: source)
        let scale = try channelConstants(deviation.map { 1 / $0 }, channels, like: source)
        let result = try allocate(source.layout)
        try emit(
            .binary(
                .subtract, source.layout, mean.layout, into: result.layout,
                attributes: KernelAttributes([.multiply(scale.layout)])),
            [(.source, source), (.secondSource, mean), (.destination, result)],
            operands: [(KernelAttributes.operandRole(0), scale)])
        if !isDifferentiated { release(source, ifCopyOf: value(input)) }
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            guard wantsGradient(input) else { return }
            let gradient = incomingGradient(index)
            try contribute(to: input, in: gradient.layout) { (target) throws(TrainingError) in
                try emit(
                    .binary(.multiply, gradient.layout, scale.layout, into: target.layout),
                    [(.source, gradient), (.secondSource, scale), (.destination, target)])
            }
        }
    }

    /// One f32 value a channel, shaped to broadcast over `tensor`.
    private func channelConstants(
        _ values: [Float], _ channels: Int, like tensor: Memory
    ) throws(TrainingError) -> Memory {
        var extents = tensor.layout.extents.map { _ in 1 }
        extents[1] = channels
        let constants = try Memory(.plain(extents))
        for channel in 0..<channels {
            constants.buffer.floats[channel] = values[values.count == 1 ? 0 : channel]
        }
        return constants
    }

    /// An activation that no other node could absorb.
    func buildActivation(_ index: Int, _ activation: Activation) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let source = value(input)
        let result = try allocate(source.layout)
        try emit(
            .activationForward(activation, source.layout),
            [(.source, source), (.destination, result)])
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            guard wantsGradient(input) else { return }
            let gradient = incomingGradient(index)
            let ordered = try reordered(gradient, to: result.layout)
            try contribute(to: input, in: result.layout) { (target) throws(TrainingError) in
                try emit(
                    .activationBackward(activation, result.layout),
                    [
                        (.destination, result), (.destinationGradient, ordered),
                        (.sourceGradient, target),
                    ])
            }
            release(ordered, ifCopyOf: gradient)
        }
    }

    /// (N, C, H, W) to (N, C H W), row-major: a view where the order allows.
    func buildFlatten(_ index: Int) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let source = value(input)
        let plain = try reordered(source, to: source.layout.plain())
        if plain === source { retain(source) }
        define(index, try Memory(.plain(extents(index), plain.layout.kind), in: plain.buffer))

        onBackward { [self] () throws(TrainingError) in
            guard wantsGradient(input) else { return }
            let gradient = incomingGradient(index)
            let flat = try reordered(gradient, to: gradient.layout.plain())
            let image = try Memory(.plain(extents(input), flat.layout.kind), in: flat.buffer)
            try contribute(to: input, sharing: image)
            release(flat, ifCopyOf: gradient)
        }
    }

    /// Training: multiplies by a mask of 0 and 1 / (1 - rate). Elsewhere: a view.
    func buildDropout(_ index: Int, rate: Float) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let source = value(input)
        guard purpose == .training, rate > 0 else {
            retain(source)
            define(index, source)
            onBackward { [self] () throws(TrainingError) in
                if wantsGradient(input) {
                    try contribute(to: input, sharing: incomingGradient(index))
                }
            }
            return
        }
        // Drawn row-major, so that the mask does not depend on a kernel's order.
        let drawn = try Memory(.plain(extents(index)))
        let perRow = graph.shapes[index].elementCount
        emit { key in
            drawn.buffer.floats.fillDropoutMask(rate: rate, perRow: perRow, node: index, key)
        }
        let mask = try reordered(drawn, to: source.layout)
        let result = try allocate(source.layout)
        try emit(
            .binary(.multiply, source.layout, mask.layout, into: result.layout),
            [(.source, source), (.secondSource, mask), (.destination, result)])
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            guard wantsGradient(input) else { return }
            let gradient = incomingGradient(index)
            let ordered = try reordered(gradient, to: source.layout)
            try contribute(to: input, in: source.layout) { (target) throws(TrainingError) in
                try emit(
                    .binary(.multiply, ordered.layout, mask.layout, into: target.layout),
                    [(.source, ordered), (.secondSource, mask), (.destination, target)])
            }
            release(ordered, ifCopyOf: gradient)
        }
    }
}

extension UnsafeMutableBufferPointer<Float> {
    /// A pure function of (seed, step, row key, node, element), so that neither batch size nor
    /// thread count shows in it.
    fileprivate func fillDropoutMask(rate: Float, perRow: Int, node: Int, _ key: PassKey) {
        let kept = 1 / (1 - rate)
        // An odd multiplier keeps the seeds of different nodes and steps apart.
        let seed =
            key.seed &+ UInt64(node) &* 0x9E37_79B9_7F4A_7C15 &+ key.step &* 0xD1B5_4A32_D192_ED03
        for row in 0..<(count / perRow) {
            var stream = RandomStream(seed: seed, purpose: .dropout, row: key.row(row))
            for element in 0..<perRow {
                self[row * perRow + element] = stream.uniform() < rate ? 0 : kept
            }
        }
    }
}
