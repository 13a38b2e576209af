// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Convolution and dense layers, forward and backward side by side.
extension PlanBuilder {
    /// Source (N, I, H, W), weights (O, I/groups, kh, kw), destination (N, O, H', W').
    func buildConvolution(_ index: Int, _ convolution: Convolution) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let channels = graph.shapes[input][0]
        let kernel = convolution.window.kernel
        let perGroup = [
            convolution.filters / convolution.groups, channels / convolution.groups,
            kernel.height, kernel.width,
        ]
        let weightExtents = convolution.groups == 1 ? perGroup : [convolution.groups] + perGroup
        try foldNorm(
            into: index, weightExtents, channels: convolution.filters, hasBias: convolution.bias)
        let hasBias = convolution.bias || foldedLayers[index] != nil
        let shape = ConvolutionShape(
            source: extents(input), weights: weightExtents, hasBias: hasBias,
            destination: extents(index), window: convolution.window)
        let forward = try KernelDescription.convolutionForward(
            shape, kind: kind, training: isDifferentiated,
            activation: absorbedActivation(of: index))
        let source = try reordered(value(input), to: forward.source)
        let result = try allocate(forward.destination)
        var tensors: [(KernelArgument, Memory)] = [
            (.source, source), (.weights, try weights(index, shape.weights, in: forward.weights)),
            (.destination, result),
        ]
        if hasBias { tensors.append((.bias, try bias(index, count: convolution.filters))) }
        try emit(forward, tensors)
        if !isDifferentiated { release(source, ifCopyOf: value(input)) }
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            guard !differentiatedByPool.contains(index) else { return }
            let gradient = try self.gradient(index)
            if purpose == .training {
                try buildWeightGradient(
                    index, source: source, gradient: gradient, weights: shape.weights,
                    bias: convolution.bias ? convolution.filters : nil,
                    try .convolutionBackwardWeights(shape, kind: kind, forward: forward))
            }
            if wantsGradient(input),
                try !buildPatchGradient(
                    index, shape, gradient: gradient, window: convolution.window)
            {
                try buildSourceGradient(
                    index, gradient: gradient, weights: shape.weights,
                    try .convolutionBackwardSource(shape, kind: kind, forward: forward))
            }
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }

    /// Source (N, I), weights (O, I), destination (N, O).
    func buildDense(_ index: Int, units: Int, bias: Bool) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let inputCount = graph.shapes[input][0]
        try foldNorm(into: index, [units, inputCount], channels: units, hasBias: bias)
        let hasBias = bias || foldedLayers[index] != nil
        let shape = DenseShape(
            rows: batchSize, inputs: inputCount, outputs: units, hasBias: hasBias)
        // Logits are f32 whatever the layers before them compute in.
        let isLast = fusion.end(of: index) == graph.nodes.count - 1
        let forward = try KernelDescription.denseForward(
            shape, kind: kind, destination: isLast ? .f32 : kind, training: isDifferentiated,
            activation: absorbedActivation(of: index))
        let source = try reordered(value(input), to: forward.source)
        let result = try allocate(forward.destination)
        var tensors: [(KernelArgument, Memory)] = [
            (.source, source), (.weights, try weights(index, shape.weights, in: forward.weights)),
            (.destination, result),
        ]
        if hasBias { tensors.append((.bias, try self.bias(index, count: units))) }
        try emit(forward, tensors)
        if !isDifferentiated { release(source, ifCopyOf: value(input)) }
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            let gradient = try self.gradient(index)
            if purpose == .training {
                try buildWeightGradient(
                    index, source: source, gradient: gradient, weights: shape.weights,
                    bias: bias ? units : nil,
                    try .denseBackwardWeights(shape, kind: kind, forward: forward))
            }
            if wantsGradient(input) {
                try buildSourceGradient(
                    index, gradient: gradient, weights: shape.weights,
                    try .denseBackwardSource(shape, kind: kind, forward: forward))
            }
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }

    /// Writes dL/dweights and dL/dbias into the arena.
    private func buildWeightGradient(
        _ index: Int, source: Memory, gradient: Memory, weights extents: [Int], bias: Int?,
        _ description: KernelDescription
    ) throws(TrainingError) {
        let orderedSource = try reordered(source, to: description.source)
        let ordered = try reordered(gradient, to: description.destinationGradient)
        let slot = try parameterGradient(index, .weight, extents)
        let isDirect = description.weightsGradient == slot.layout
        let target = isDirect ? slot : try allocate(description.weightsGradient)
        var tensors: [(KernelArgument, Memory)] = [
            (.source, orderedSource), (.destinationGradient, ordered), (.weightsGradient, target),
        ]
        if let bias {
            tensors.append((.biasGradient, try parameterGradient(index, .bias, [bias])))
        }
        try emit(description, tensors)
        if !isDirect {
            try copyElements(of: target, to: slot)
            release(target)
        }
        release(ordered, ifCopyOf: gradient)
        release(orderedSource, ifCopyOf: source)
    }

    /// Adds dL/dsource to the gradient of the node's input.
    private func buildSourceGradient(
        _ index: Int, gradient: Memory, weights extents: [Int], _ description: KernelDescription
    ) throws(TrainingError) {
        let ordered = try reordered(gradient, to: description.destinationGradient)
        let weights = try self.weights(index, extents, in: description.weights)
        try contribute(to: graph.inputs[index][0], in: description.sourceGradient) {
            (target) throws(TrainingError) in
            try emit(
                description,
                [(.destinationGradient, ordered), (.weights, weights), (.sourceGradient, target)])
        }
        release(ordered, ifCopyOf: gradient)
    }

    /// dL/dsource of a convolution over images of one to three channels, as patches that are then
    /// added up. False when the shapes or orders do not suit.
    private func buildPatchGradient(
        _ index: Int, _ shape: ConvolutionShape, gradient: Memory, window: Window
    ) throws(TrainingError) -> Bool {
        guard shape.source[1] < 4, shape.weights.count == 4 else { return false }
        let description = try KernelDescription.convolutionPatchGradient(
            shape, gradient: gradient.layout)
        guard
            let scatter = PatchScatter(
                source: shape.source, window: window, patches: description.destination)
        else { return false }
        // (I kh kw, O): the weights seen with their axes exchanged.
        let transposed = try Layout.strided(
            [scatter.patchCount, shape.destination[1], 1, 1], [1, scatter.patchCount, 1, 1])
        let weights = try weights(
            index, shape.weights, seenAs: transposed, in: description.weights)
        let patches = try allocate(description.destination)
        try emit(
            description, [(.source, gradient), (.weights, weights), (.destination, patches)])
        try contribute(to: graph.inputs[index][0], in: .plain(shape.source)) { target in
            emit { _ in
                scatter.run(patches.buffer, into: target.buffer, images: shape.source[0])
            }
        }
        release(patches)
        return true
    }
}
