// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors
import Training

@testable import Robustness

/// A model whose logits differ from run to run.
final class NoisyModel: DifferentiableClassifier {
    private let inner: AnalyticModel
    private var stream = RandomStream(seed: 1, purpose: .test)

    init(_ inner: AnalyticModel) { self.inner = inner }

    var imageShape: Shape { inner.imageShape }
    var classCount: Int { inner.classCount }
    var batchSize: Int { inner.batchSize }

    func logits(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into logits: UnsafeMutableBufferPointer<Float>
    ) throws(TrainingError) {
        try inner.logits(of: images, count: count, into: logits)
        for index in 0..<(count * classCount) { logits[index] += 0.1 * stream.normal() }
    }

    func inputGradient(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into gradient: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        lossGradient: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError) {
        try inner.inputGradient(
            of: images, count: count, into: gradient, logits: logits, lossGradient: lossGradient)
    }
}

/// A model that gives probabilities where logits are expected.
final class SoftmaxModel: DifferentiableClassifier {
    private let inner: AnalyticModel

    init(_ inner: AnalyticModel) { self.inner = inner }

    var imageShape: Shape { inner.imageShape }
    var classCount: Int { inner.classCount }
    var batchSize: Int { inner.batchSize }

    func logits(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into logits: UnsafeMutableBufferPointer<Float>
    ) throws(TrainingError) {
        try inner.logits(of: images, count: count, into: logits)
        for row in 0..<count {
            let range = (row * classCount)..<((row + 1) * classCount)
            let largest = logits[range].max() ?? 0
            var sum: Float = 0
            for index in range {
                logits[index] = expf(logits[index] - largest)
                sum += logits[index]
            }
            for index in range { logits[index] /= sum }
        }
    }

    func inputGradient(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into gradient: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        lossGradient: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError) {
        throw TrainingError("the gradient of a softmax model is not asked for")
    }
}
