// SPDX-License-Identifier: Apache-2.0

import Glibc

/// softmax(z / T) of one row of logits, kept in double precision so that neither the loss nor its
/// gradient loses the small probabilities that distillation is about.
struct SoftmaxRow {
    /// The class with the largest logit; the first of equals.
    let largest: Int
    /// log sum_j exp((z_j - z_largest) / T), at least 0. The one term that is exactly 1 stays out
    /// of the sum, so a saturated row still has the logarithm of its tail and not log 1 = 0.
    let logPartition: Double

    /// Writes the probabilities of `logits` to `probabilities`; both hold `count` > 0 values.
    init(
        _ logits: UnsafePointer<Float>, count: Int, temperature: Double,
        into probabilities: UnsafeMutablePointer<Double>
    ) {
        let largest = Self.argmax(logits, count: count)
        let top = Double(logits[largest])
        var tail = 0.0
        for index in 0..<count {
            let term = index == largest ? 1 : exp((Double(logits[index]) - top) / temperature)
            probabilities[index] = term
            if index != largest { tail += term }
        }
        let scale = 1 / (1 + tail)
        for index in 0..<count { probabilities[index] *= scale }
        self.largest = largest
        logPartition = log1p(tail)
    }

    /// The first class with the largest logit. NaN never wins, unless it comes first.
    static func argmax(_ logits: UnsafePointer<Float>, count: Int) -> Int {
        var best = 0
        for index in 1..<Swift.max(count, 1) where logits[index] > logits[best] { best = index }
        return best
    }
}
