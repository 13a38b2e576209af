// SPDX-License-Identifier: Apache-2.0

extension PlanBuilder {
    /// dL/d(what node `index` itself computes), in its value's layout: the derivative of an
    /// absorbed activation, and of one applied after pooling, is applied unless the caller's kernel
    /// does that. Release it after use
    /// with ``release(_:ifCopyOf:)`` against ``incomingGradient(_:)``.
    func gradient(
        _ index: Int, throughActivation: Bool = true, throughPooledActivation: Bool = true
    ) throws(TrainingError) -> Memory {
        let incoming = incomingGradient(index)
        let value = self.value(index)
        var gradient = incoming
        if throughActivation, !fusion.isDifferentiatedByPool(index),
            let activation = absorbedActivation(of: index)
        {
            gradient = try differentiate(activation, value: value, gradient)
        }
        if throughPooledActivation, let activation = fusion.pooledActivations[index] {
            gradient = try differentiate(activation, value: value, gradient)
        }
        return gradient
    }

    /// dL/doutput of node `index` with its absorbed activation.
    func incomingGradient(_ index: Int) -> Memory {
        guard let gradient = gradients[fusion.end(of: index)] else {
            preconditionFailure("every node is used, so its consumers' gradients come first")
        }
        return gradient
    }

    /// Multiplies a gradient by f', in place when nobody else reads it.
    func differentiate(
        _ activation: Activation, value: Memory, _ gradient: Memory
    ) throws(TrainingError) -> Memory {
        let ordered = try reordered(gradient, to: value.layout)
        let isOwn = ordered.buffer.users == 1
        let result = isOwn ? ordered : try allocate(value.layout)
        try emit(
            .activationBackward(activation, value.layout),
            [
                (.destination, value), (.destinationGradient, ordered), (.sourceGradient, result),
            ])
        if result !== ordered { release(ordered, ifCopyOf: gradient) }
        return result
    }

    /// Adds what `write` computes to dL/doutput of node `index`; the first to come simply sets it.
    func contribute(
        to index: Int, in layout: Layout, write: (Memory) throws(TrainingError) -> Void
    ) throws(TrainingError) {
        let isDirect =
            gradients[index] == nil && index == 0 && layout == inputGradient.layout
        let target = isDirect ? inputGradient : try allocate(layout)
        try write(target)
        if isDirect {
            retain(inputGradient)
            gradients[0] = inputGradient
        } else {
            try contribute(to: index, sharing: target)
            release(target)
        }
    }

    /// The same for a gradient that exists already and may have other readers: buffers with more
    /// than one user are never written, so sharing is safe.
    func contribute(to index: Int, sharing gradient: Memory) throws(TrainingError) {
        guard let existing = gradients[index] else {
            retain(gradient)
            gradients[index] = gradient
            return
        }
        let term = try reordered(gradient, to: existing.layout)
        let isOwn = existing.buffer.users == 1
        let sum = isOwn ? existing : try allocate(existing.layout)
        try emit(
            .binary(.add, existing.layout, term.layout, into: sum.layout),
            [(.source, existing), (.secondSource, term), (.destination, sum)])
        release(term, ifCopyOf: gradient)
        if sum !== existing {
            release(existing)
            gradients[index] = sum
        }
    }

    /// Brings the input's gradient to where the caller reads it.
    func finishInputGradient() throws(TrainingError) {
        guard purpose == .inputGradient, let gradient = gradients[0], gradient !== inputGradient
        else { return }
        try copyElements(of: gradient, to: inputGradient)
    }
}
