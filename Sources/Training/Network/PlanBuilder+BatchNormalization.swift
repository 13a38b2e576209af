// SPDX-License-Identifier: Apache-2.0

extension PlanBuilder {
    /// Over (N, C, H, W), or (N, C) seen as (N, C, 1, 1): y = scale (x - mean) / sqrt(variance +
    /// epsilon) + shift, with the batch's statistics in training and the running ones elsewhere.
    func buildBatchNormalization(
        _ index: Int, epsilon: Float, momentum: Float
    ) throws(TrainingError) {
        guard purpose == .training else { return try buildFixedNorm(index, epsilon: epsilon) }
        let input = graph.inputs[index][0]
        let image = try asImage(value(input))
        let channels = image.layout.extents[1]
        let activation = absorbedActivation(of: index)
        let mode = BatchNormalizationMode(epsilon: epsilon, fusesRelu: activation == .relu)
        let forward = try KernelDescription.batchNormalizationForward(image.layout, mode)
        let result = try allocate(image.layout)
        let (mean, variance) = (try Memory(.plain([channels])), try Memory(.plain([channels])))
        let scale = try parameter(index, .weight, [channels])
        let shared: [(KernelArgument, Memory)] =
            [
                (.source, image), (.mean, mean), (.variance, variance), (.scale, scale),
                (.shift, try parameter(index, .bias, [channels])),  // the gradient wants it too
            ]
            + (forward.workspace.byteCount > 0
                ? [(.workspace, try Memory(forward.workspace))] : [])
        try emit(forward, shared + [(.destination, result)])
        try emitRunningUpdate(
            index, mean: mean, variance: variance, momentum: momentum,
            perChannel: image.layout.extents.reduce(1, *) / channels)
        if let activation, !mode.fusesRelu {
            try emit(
                .activationForward(activation, result.layout),
                [(.source, result), (.destination, result)])
        }
        define(index, try Memory(value(input).layout, in: result.buffer))

        onBackward { [self] () throws(TrainingError) in
            let gradient = try self.gradient(index, throughActivation: !mode.fusesRelu)
            let ordered = try reordered(gradient, to: value(input).layout)
            // The kernel writes dL/dsource even when nobody reads it.
            let target = try allocate(value(input).layout)
            try emit(
                .batchNormalizationBackward(image.layout, mode, forward: forward),
                shared + [
                    (.destinationGradient, try asImage(ordered)),
                    (.sourceGradient, try asImage(target)),
                    (.scaleGradient, try parameterGradient(index, .weight, [channels])),
                    (.shiftGradient, try parameterGradient(index, .bias, [channels])),
                ])
            if wantsGradient(input) { try contribute(to: input, sharing: target) }
            release(target)
            release(ordered, ifCopyOf: gradient)
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }

    /// A batch norm with running statistics that could not be folded into a layer before it.
    private func buildFixedNorm(_ index: Int, epsilon: Float) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let source = value(input)
        let channels = source.layout.extents[1]
        let affine = try ChannelAffine(self, index, channels: channels, epsilon: epsilon)
        var extents = source.layout.extents.map { _ in 1 }
        extents[1] = channels
        let (factor, offset) = (try Memory(.plain(extents)), try Memory(.plain(extents)))
        emitPreparation(
            .host { _ in
                for channel in 0..<channels {
                    factor.buffer.floats[channel] = Float(affine[channel].factor)
                    offset.buffer.floats[channel] = Float(affine[channel].offset)
                }
            })
        let result = try allocate(source.layout)
        try emit(
            .binary(
                .multiply, source.layout, factor.layout, into: result.layout,
                attributes: KernelAttributes(
                    [.add(offset.layout)]
                        + (absorbedActivation(of: index).map { [.activation($0)] } ?? []))),
            [(.source, source), (.secondSource, factor), (.destination, result)],
            operands: [(KernelAttributes.operandRole(0), offset)])
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            guard wantsGradient(input) else { return }
            let gradient = try self.gradient(index)
            try contribute(to: input, in: gradient.layout) { (target) throws(TrainingError) in
                try emit(
                    .binary(.multiply, gradient.layout, factor.layout, into: target.layout),
                    [(.source, gradient), (.secondSource, factor), (.destination, target)])
            }
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }

    /// The same bytes with the axes (N, C, H, W).
    private func asImage(_ memory: Memory) throws(TrainingError) -> Memory {
        let extents = memory.layout.extents
        guard extents.count == 2 else { return memory }
        return try Memory(.plain(extents + [1, 1], memory.layout.kind), in: memory.buffer)
    }

    /// running = (1 - momentum) running + momentum batch, with the unbiased batch variance.
    private func emitRunningUpdate(
        _ index: Int, mean: Memory, variance: Memory, momentum: Float, perChannel count: Int
    ) throws(TrainingError) {
        guard count > 1 else {
            throw TrainingError(
                "one value a channel has no variance to train with; use a larger batch")
        }
        let channels = mean.layout.extents[0]
        let runningMean = try parameter(index, .runningMean, [channels])
        let runningVariance = try parameter(index, .runningVariance, [channels])
        let correction = Float(count) / Float(count - 1)
        emit { _ in
            let pairs = [(runningMean, mean, Float(1)), (runningVariance, variance, correction)]
            for (running, batch, factor) in pairs {
                let (target, source) = (running.buffer.floats, batch.buffer.floats)
                for channel in 0..<channels {
                    target[channel] =
                        (1 - momentum) * target[channel] + momentum * factor * source[channel]
                }
            }
        }
    }
}
