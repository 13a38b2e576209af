// SPDX-License-Identifier: Apache-2.0

/// A convolution and the max pooling after it, differentiated in one step.
extension PlanBuilder {
    /// Builds dL/dsource of the convolution that node `pool` pools, without the gradient of what
    /// lies between them. False where the pattern or the layouts do not suit, or the convolution's
    /// weights want a gradient too.
    ///
    /// - Parameter gradient: of the pooling's output, in the order that `kernel` writes.
    func buildPooledConvolutionGradient(
        _ pool: Int, _ kernel: DisjointMaxPool, gradient: Memory, choices: Buffer
    ) throws(TrainingError) -> Bool {
        guard purpose == .inputGradient, let index = pooledConvolution(pool),
            case .convolution(let convolution) = graph.nodes[index].operation
        else { return false }
        let input = graph.inputs[index][0]
        let (source, window) = (extents(input), convolution.window)
        let shape = [convolution.filters, source[1], window.kernel.height, window.kernel.width]
        let weights =
            if let folded = foldedLayers[index] {
                folded.weights.buffer
            } else {
                try parameter(index, .weight, shape).buffer
            }
        if let patches = PooledPatchGradient(
            source: source, filters: convolution.filters, window: window, pool: kernel)
        {
            emitPreparation(.host { _ in patches.prepare(weights.floats) })
            try contribute(to: input, in: .plain(source)) { target in
                emit { _ in
                    patches.run(gradient.buffer, choices: choices, into: target.buffer)
                }
            }
        } else if let blocks = PooledBlockGradient(
            source: value(input).layout, filters: convolution.filters, window: window, pool: kernel)
        {
            emitPreparation(.host { _ in blocks.prepare(weights.floats) })
            try contribute(to: input, in: value(input).layout) { target in
                emit { _ in blocks.run(gradient.buffer, choices: choices, into: target.buffer) }
            }
        } else {
            return false
        }
        differentiatedByPool.insert(index)
        return true
    }

    /// The convolution whose result, up to an activation that the pooling differentiates, nobody but
    /// node `pool` reads.
    private func pooledConvolution(_ pool: Int) -> Int? {
        let input = graph.inputs[pool][0]
        guard consumers[input].count == 1 else { return nil }
        return graph.nodes.indices.first { index in
            guard case .convolution(let convolution) = graph.nodes[index].operation,
                fusion.end(of: index) == input, convolution.groups == 1
            else { return false }
            return absorbedActivation(of: index) == nil || fusion.isDifferentiatedByPool(index)
        }
    }
}
