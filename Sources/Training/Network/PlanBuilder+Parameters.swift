// SPDX-License-Identifier: Apache-2.0

/// A layer's weights and bias with a batch norm multiplied in, row-major.
struct FoldedLayer {
    let weights: Memory
    let bias: Memory
}

/// Parameters as kernels see them.
extension PlanBuilder {
    private func slot(_ node: Int, _ role: ParameterSpecification.Role) -> ParameterArena.Slot {
        let name = "\(graph.nodes[node].name)/\(role.rawValue)"
        guard let slot = parameters[name] else { preconditionFailure("the arena fits the graph") }
        return slot
    }

    /// A parameter where it lies in the arena, row-major under `extents`.
    func parameter(
        _ node: Int, _ role: ParameterSpecification.Role, _ extents: [Int]
    ) throws(TrainingError) -> Memory {
        try borrow(parameters.values(of: slot(node, role)), extents)
    }

    /// Where a parameter's gradient goes in the arena.
    func parameterGradient(
        _ node: Int, _ role: ParameterSpecification.Role, _ extents: [Int]
    ) throws(TrainingError) -> Memory {
        try borrow(parameters.gradients(of: slot(node, role)), extents)
    }

    private func borrow(
        _ floats: UnsafeMutableBufferPointer<Float>, _ extents: [Int]
    ) throws(TrainingError) -> Memory {
        guard let address = floats.baseAddress else { preconditionFailure("a slot is not empty") }
        let buffer = Buffer(borrowing: address, byteCount: floats.count * 4)
        buffer.users = 1
        return try Memory(.plain(extents), in: buffer)
    }

    /// A layer's weights in a kernel's own order, prepared again whenever the parameters change.
    ///
    /// - Parameter view: another reading of the row-major bytes, for kernels that want the axes
    ///   exchanged.
    func weights(
        _ node: Int, _ extents: [Int], seenAs view: Layout? = nil, in layout: Layout
    ) throws(TrainingError) -> Memory {
        let folded = foldedLayers[node]?.weights
        var plain = if let folded { folded } else { try parameter(node, .weight, extents) }
        if let view { plain = try Memory(view, in: plain.buffer) }
        guard plain.layout != layout else { return plain }
        if let known = preparedWeights[node]?.first(where: { $0.layout == layout }) { return known }
        let copy = try Memory(layout)
        emitPreparation(
            .kernel(
                try Kernel(
                    .reorder(from: plain.layout, to: layout),
                    [
                        (KernelArgument.source.rawValue, plain),
                        (KernelArgument.destination.rawValue, copy),
                    ])))
        preparedWeights[node, default: []].append(copy)
        return copy
    }

    /// A layer's bias, with the batch norm it took in.
    func bias(_ node: Int, count: Int) throws(TrainingError) -> Memory {
        if let folded = foldedLayers[node]?.bias { return folded }
        return try parameter(node, .bias, [count])
    }

    /// Multiplies the batch norm that layer `index` took in, if any, into copies of its weights
    /// (`extents`, output channels outermost) and bias.
    func foldNorm(
        into index: Int, _ extents: [Int], channels: Int, hasBias: Bool
    ) throws(TrainingError) {
        guard let norm = fusion.foldedNorms[index],
            case .batchNormalization(let epsilon, _) = graph.nodes[norm].operation
        else { return }
        let affine = try ChannelAffine(self, norm, channels: channels, epsilon: epsilon)
        let source = try parameter(index, .weight, extents).buffer.floats
        let sourceBias = hasBias ? try parameter(index, .bias, [channels]).buffer.floats : nil
        let folded = FoldedLayer(
            weights: try Memory(.plain(extents)), bias: try Memory(.plain([channels])))
        let (weights, bias) = (folded.weights.buffer, folded.bias.buffer)
        let perChannel = extents.reduce(1, *) / channels
        emitPreparation(
            .host { _ in
                for channel in 0..<channels {
                    let (factor, offset) = affine[channel]
                    for index in (channel * perChannel)..<((channel + 1) * perChannel) {
                        weights.floats[index] = Float(Double(source[index]) * factor)
                    }
                    bias.floats[channel] = Float(
                        offset + factor * Double(sourceBias?[channel] ?? 0))
                }
            })
        foldedLayers[index] = folded
    }
}

/// What a batch norm with fixed statistics does to each channel: y = factor x + offset.
struct ChannelAffine {
    private let scale, shift, mean, variance: UnsafeMutableBufferPointer<Float>
    private let epsilon: Float

    init(
        _ builder: PlanBuilder, _ norm: Int, channels: Int, epsilon: Float
    ) throws(TrainingError) {
        scale = try builder.parameter(norm, .weight, [channels]).buffer.floats
        shift = try builder.parameter(norm, .bias, [channels]).buffer.floats
        mean = try builder.parameter(norm, .runningMean, [channels]).buffer.floats
        variance = try builder.parameter(norm, .runningVariance, [channels]).buffer.floats
        self.epsilon = epsilon
    }

    subscript(channel: Int) -> (factor: Double, offset: Double) {
        let factor =
            Double(scale[channel]) / (Double(variance[channel]) + Double(epsilon)).squareRoot()
        return (factor, Double(shift[channel]) - factor * Double(mean[channel]))
    }
}
