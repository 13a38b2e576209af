// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Nodes that pool pixels or join branches.
extension PlanBuilder {
    /// (N, C, H, W) to (N, C, H', W').
    func buildPooling(
        _ index: Int, _ pooling: PoolingKind, _ window: Window
    ) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let source = value(input)
        let forward = try KernelDescription.poolingForward(
            pooling, window, source: source.layout, destination: extents(index),
            training: isDifferentiated)
        let preferred = try DisjointMaxPool.preferredDestination(
            extents(index), like: source.layout)
        let layout = preferred ?? forward.destination
        if pooling == .max,
            let kernel = DisjointMaxPool(
                window, source: source.layout, destination: layout,
                activation: fusion.pooledActivations[index])
        {
            return try buildDisjointMaxPool(index, kernel, layout)
        }
        let result = try allocate(forward.destination)
        var tensors: [(KernelArgument, Memory)] = [(.source, source), (.destination, result)]
        let workspace =
            forward.workspace.byteCount > 0 ? try Memory(forward.workspace) : nil
        if let workspace { tensors.append((.workspace, workspace)) }
        try emit(forward, tensors)
        try emitAbsorbedActivation(of: index, over: result)
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            guard wantsGradient(input) else { return }
            let gradient = try self.gradient(index)
            let description = try KernelDescription.poolingBackward(
                pooling, window, forward: forward)
            let ordered = try reordered(gradient, to: description.destinationGradient)
            try contribute(to: input, in: description.sourceGradient) {
                (target) throws(TrainingError) in
                var tensors: [(KernelArgument, Memory)] = [
                    (.destinationGradient, ordered), (.sourceGradient, target),
                ]
                if let workspace { tensors.append((.workspace, workspace)) }
                try emit(description, tensors)
            }
            release(ordered, ifCopyOf: gradient)
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }

    /// Max pooling by the project's own kernel, which also applies the derivative of the ReLU it
    /// commutes with.
    private func buildDisjointMaxPool(
        _ index: Int, _ kernel: DisjointMaxPool, _ layout: Layout
    ) throws(TrainingError) {
        let input = graph.inputs[index][0]
        let source = value(input)
        let result = try allocate(layout)
        let choices = isDifferentiated ? Buffer(byteCount: kernel.choiceCount) : nil
        emit { _ in kernel.forward(source.buffer, into: result.buffer, choices: choices) }
        try emitAbsorbedActivation(of: index, over: result)
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            guard wantsGradient(input), let choices else { return }
            let gradient = try self.gradient(index, throughPooledActivation: false)
            let ordered = try reordered(gradient, to: layout)
            if try !buildPooledConvolutionGradient(
                index, kernel, gradient: ordered, choices: choices)
            {
                try contribute(to: input, in: source.layout) { target in
                    emit { _ in
                        kernel.backward(ordered.buffer, into: target.buffer, choices: choices)
                    }
                }
            }
            release(ordered, ifCopyOf: gradient)
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }

    private func emitAbsorbedActivation(of index: Int, over result: Memory) throws(TrainingError) {
        guard let activation = absorbedActivation(of: index) else { return }
        try emit(
            .activationForward(activation, result.layout),
            [(.source, result), (.destination, result)])
    }

    /// The sum of all inputs, in the first one's order.
    func buildAdd(_ index: Int) throws(TrainingError) {
        let inputs = graph.inputs[index]
        let layout = value(inputs[0]).layout
        let result = try allocate(layout)
        var partial = value(inputs[0])
        for input in inputs.dropFirst() {
            let isLast = input == inputs.last
            let term = try reordered(value(input), to: layout)
            try emit(
                .binary(
                    .add, layout, layout, into: layout,
                    attributes: KernelAttributes(
                        activation: isLast ? absorbedActivation(of: index) : nil)),
                [(.source, partial), (.secondSource, term), (.destination, result)])
            release(term, ifCopyOf: value(input))
            partial = result
        }
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            let gradient = try self.gradient(index)
            for input in inputs where wantsGradient(input) {
                try contribute(to: input, sharing: gradient)
            }
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }

    /// All inputs side by side along axis 1.
    func buildConcat(_ index: Int) throws(TrainingError) {
        let inputs = graph.inputs[index]
        // The input image is f32 whatever the layers compute in.
        var sources: [Memory] = []
        for input in inputs {
            sources.append(try reordered(value(input), to: value(input).layout.with(kind)))
        }
        let forward = try KernelDescription.concatenation(
            sources.map(\.layout), axis: 1, extents: extents(index))
        let result = try allocate(forward.destination)
        let operands = sources.enumerated().map { position, source in
            (role: KernelArgument.multipleSource(position), memory: source)
        }
        try emit(forward, [(.destination, result)], operands: operands)
        for (copy, input) in zip(sources, inputs) { release(copy, ifCopyOf: value(input)) }
        try emitAbsorbedActivation(of: index, over: result)
        define(index, result)

        onBackward { [self] () throws(TrainingError) in
            let gradient = try self.gradient(index)
            // Only a plain order can be cut at any channel.
            let plain = try reordered(gradient, to: gradient.layout.plain())
            var start = 0
            for input in inputs {
                let range = start..<(start + graph.shapes[input][0])
                start = range.upperBound
                guard wantsGradient(input) else { continue }
                let slice = try Memory(plain.layout.slice(range), in: plain.buffer)
                try contribute(to: input, in: value(input).layout) {
                    (target) throws(TrainingError) in try copyElements(of: slice, to: target)
                }
            }
            release(plain, ifCopyOf: gradient)
            release(gradient, ifCopyOf: incomingGradient(index))
        }
    }
}
