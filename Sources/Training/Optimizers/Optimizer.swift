// SPDX-License-Identifier: Apache-2.0

/// Moves parameters along their gradients, in place, over the flat buffers of a model.
///
/// Every element is updated by itself, so the result does not depend on the number of threads.
public final class Optimizer {
    public let rule: OptimizerRule
    public let slices: [ParameterSlice]
    /// Steps taken so far.
    public internal(set) var stepCount = 0
    /// One buffer for each of the rule's `stateNames`, laid out as the parameters are.
    let state: [FloatBuffer]
    private let blocks: [Range<Int>]

    /// Elements of one block; threads share the blocks evenly, and what a block writes no other
    /// block reads.
    private static let blockSize = 1 << 12

    /// - Parameter slices: where the parameters lie; the others are left alone.
    /// - Throws: ``TrainingError`` for a setting out of range.
    public init(_ rule: OptimizerRule, slices: [ParameterSlice]) throws(TrainingError) {
        try rule.validate()
        self.rule = rule
        self.slices = slices
        let length = slices.map(\.range.upperBound).max() ?? 0
        state = rule.stateNames.map { _ in FloatBuffer(count: length) }
        blocks = slices.trainableRuns.flatMap { run in
            stride(from: run.lowerBound, to: run.upperBound, by: Self.blockSize).map {
                $0..<Swift.min($0 + Self.blockSize, run.upperBound)
            }
        }
    }

    /// One step. Buffers are laid out as the slices say.
    public func step(
        values: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
        learningRate: Double
    ) {
        guard let last = blocks.last, let values = values.sized(last.upperBound),
            let gradients = gradients.sized(last.upperBound)
        else { return }
        stepCount += 1
        let buffers = state.map(\.base)
        switch rule {
        case .sgd(let momentum, let nesterov, let decay):
            let kernel = SGDKernel(
                learningRate: Float(learningRate), momentum: Float(momentum), nesterov: nesterov,
                weightDecay: Float(decay))
            forEachBlock { start, count in
                if buffers.isEmpty {
                    kernel.step(values + start, gradients + start, count: count)
                } else {
                    kernel.step(
                        values + start, gradients + start, momentum: buffers[0] + start,
                        count: count)
                }
            }
        case .adam(let beta1, let beta2, let epsilon, let decay),
            .adamW(let beta1, let beta2, let epsilon, let decay):
            let kernel = AdamKernel(
                beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay,
                decoupled: rule.name == "adamw", learningRate: learningRate, step: stepCount)
            forEachBlock { start, count in
                kernel.step(
                    values + start, gradients + start, first: buffers[0] + start,
                    second: buffers[1] + start, count: count)
            }
        }
    }

    /// Forgets moments and step count.
    public func reset() {
        stepCount = 0
        for buffer in state { buffer.base.update(repeating: 0, count: buffer.count) }
    }

    private func forEachBlock(_ body: (_ start: Int, _ count: Int) -> Void) {
        // A model of a few thousand parameters is done before a second thread would wake.
        guard blocks.count > 8 else {
            for block in blocks { body(block.lowerBound, block.count) }
            return
        }
        KernelThreads.split(blocks.count) { part in
            for index in part { body(blocks[index].lowerBound, blocks[index].count) }
        }
    }
}

extension UnsafeMutableBufferPointer<Float> {
    fileprivate func sized(_ count: Int) -> UnsafeMutablePointer<Float>? {
        precondition(self.count >= count, "a buffer is shorter than the parameters")
        return baseAddress
    }
}

extension UnsafeBufferPointer<Float> {
    fileprivate func sized(_ count: Int) -> UnsafePointer<Float>? {
        precondition(self.count >= count, "a buffer is shorter than the parameters")
        return baseAddress
    }
}
