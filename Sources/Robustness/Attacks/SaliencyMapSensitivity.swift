// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The first step of the crafting framework (Papernot, McDaniel, Wu, Jha and Swami, "Distillation
/// as a defense to adversarial perturbations against deep neural networks", 2016, figure 3): how
/// sensitive the outputs are to every feature.
protocol DirectionSensitivity: Sendable {
    /// Gradients it needs at every step.
    static var gradientCount: Int { get }

    /// Fills dL/dlogits of gradient `index`, which is zero before.
    func writeSeed(
        _ index: Int, logits: LogitRow, target: Int, into seed: UnsafeMutablePointer<Float>)

    func map(_ answer: RowAnswer, target: Int, count: Int, sign: Float) -> SaliencyMap
}

/// Of the probabilities softmax(z / T).
///
/// The derivative of p_t is p_t times the gradient of (e_t - p) . z / T, and the others' is minus
/// that, so one gradient a step is enough. The factor p_t is what makes defensive distillation look
/// like a defence: networks trained at a high temperature and read at T = 1 have logits so far apart
/// that p_t, a `Float` as in the published attack, is zero, and the whole map with it. That
/// is kept; the gradient itself is computed from ordinary numbers.
struct ProbabilitySensitivity: DirectionSensitivity {
    static let gradientCount = 1
    let temperature: Float

    func writeSeed(
        _ index: Int, logits: LogitRow, target: Int, into seed: UnsafeMutablePointer<Float>
    ) {
        let largest = largest(logits)
        var sum: Float = 0
        for label in 0..<logits.classCount {
            let weight = expf((logits.values[label] - largest) / temperature)
            // Beside the largest weight, 1, these add nothing; as denormal numbers they would slow
            // every kernel.
            seed[label] = weight > 1e-30 ? weight : 0
            sum += seed[label]
        }
        var others: Float = 0
        for label in 0..<logits.classCount where label != target {
            seed[label] /= -sum
            others -= seed[label]
        }
        seed[target] = others
    }

    func map(_ answer: RowAnswer, target: Int, count: Int, sign: Float) -> SaliencyMap {
        SaliencyMap(
            target: answer.gradient(), others: nil, count: count, sign: sign,
            scale: probability(answer.logits, of: target) / temperature)
    }

    /// softmax(z / T) of one class, as `Float`s have it.
    private func probability(_ logits: LogitRow, of target: Int) -> Float {
        let largest = largest(logits)
        var sum: Float = 0
        for label in 0..<logits.classCount {
            sum += expf((logits.values[label] - largest) / temperature)
        }
        return expf((logits.values[target] - largest) / temperature) / sum
    }

    private func largest(_ logits: LogitRow) -> Float {
        UnsafeBufferPointer(start: logits.values, count: logits.classCount).max() ?? 0
    }
}

/// Of the logits: the target's gradient and that of the sum of the others.
struct LogitSensitivity: DirectionSensitivity {
    static let gradientCount = 2

    func writeSeed(
        _ index: Int, logits: LogitRow, target: Int, into seed: UnsafeMutablePointer<Float>
    ) {
        for label in 0..<logits.classCount {
            seed[label] = (label == target) == (index == 0) ? 1 : 0
        }
    }

    func map(_ answer: RowAnswer, target: Int, count: Int, sign: Float) -> SaliencyMap {
        SaliencyMap(
            target: answer.gradient(0), others: answer.gradient(1), count: count, sign: sign,
            scale: 1)
    }
}
