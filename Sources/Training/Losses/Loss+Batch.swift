// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the rows of one batch should become.
public struct LossTargets {
    /// One class index a row, which the loss pulls towards.
    public let labels: UnsafeBufferPointer<Int32>
    /// (rows, classes) in the form ``Loss/softTargetKind`` names; nil for labels alone.
    public let soft: UnsafeBufferPointer<Float>?
    /// The class indices accuracy is counted against: the labels, unless those are a teacher's.
    public let truth: UnsafeBufferPointer<Int32>

    public init(
        labels: UnsafeBufferPointer<Int32>, soft: UnsafeBufferPointer<Float>? = nil,
        truth: UnsafeBufferPointer<Int32>? = nil
    ) {
        self.labels = labels
        self.soft = soft
        self.truth = truth ?? labels
    }
}

/// Sums over the rows of one batch.
public struct LossValue: Hashable, Sendable {
    /// The mean over rows is what is minimised.
    public var sum = 0.0
    /// Rows whose largest logit is at the true label.
    public var correct = 0
    public var count = 0

    public init() {}

    public var mean: Double { count == 0 ? 0 : sum / Double(count) }
    public var accuracy: Double { count == 0 ? 0 : Double(correct) / Double(count) }

    public static func += (left: inout LossValue, right: LossValue) {
        left.sum += right.sum
        left.correct += right.correct
        left.count += right.count
    }
}

extension Loss {
    /// The loss of `count` rows and, unless `gradient` is nil, its derivative.
    ///
    /// - Parameters:
    ///   - logits: (count, classes), row-major.
    ///   - gradient: (count, classes); receives d(mean loss)/d(logits).
    /// - Throws: ``TrainingError`` when a buffer is too small, a label is no class, or the loss
    ///   needs soft targets and has none.
    public func evaluate(
        logits: UnsafeBufferPointer<Float>, count: Int, classes: Int, targets: LossTargets,
        gradient: UnsafeMutableBufferPointer<Float>?
    ) throws(TrainingError) -> LossValue {
        try check(logits: logits, count: count, classes: classes, targets: targets)
        if let gradient, gradient.count < count * classes {
            throw TrainingError(
                "the gradient buffer holds \(gradient.count) values, expected \(count * classes)")
        }
        var value = LossValue()
        value.count = count
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * classes) { scratch in
            for row in 0..<count {
                guard let base = logits.baseAddress, let memory = scratch.baseAddress else {
                    return
                }
                let rowLogits = base + row * classes
                var kernel = LossRow(
                    logits: rowLogits, classes: classes, label: Int(targets.labels[row]),
                    soft: targets.soft?.baseAddress.map { $0 + row * classes }, scratch: memory)
                value.sum += kernel.forwardBackward(self)
                if SoftmaxRow.argmax(rowLogits, count: classes) == targets.truth[row] {
                    value.correct += 1
                }
                guard let output = gradient?.baseAddress else { continue }
                for index in 0..<classes {
                    output[row * classes + index] = Float(kernel.gradient[index] / Double(count))
                }
            }
        }
        return value
    }

    private func check(
        logits: UnsafeBufferPointer<Float>, count: Int, classes: Int, targets: LossTargets
    ) throws(TrainingError) {
        guard count >= 0, classes > 0, logits.count >= count * classes else {
            throw TrainingError(
                "\(logits.count) logits cannot be \(count) rows of \(classes) classes")
        }
        guard targets.labels.count >= count, targets.truth.count >= count else {
            throw TrainingError("\(count) rows have \(targets.labels.count) labels")
        }
        for row in 0..<count where !(0..<classes).contains(Int(targets.labels[row])) {
            throw TrainingError(
                "label \(targets.labels[row]) of row \(row) is not one of \(classes) classes")
        }
        if softTargetKind != nil, (targets.soft?.count ?? -1) < count * classes {
            throw TrainingError(
                "the loss needs \(count * classes) soft targets, found \(targets.soft?.count ?? 0)")
        }
    }
}
