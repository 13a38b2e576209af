// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors
import Training

/// Gradients of several outputs with respect to a batch of images.
final class GradientBatch {
    let capacity: Int
    private let classifier: any DifferentiableClassifier
    private let pixelCount: Int
    private let classCount: Int
    private let images: FloatBuffer
    private let logitValues: FloatBuffer
    private var gradients = FloatBuffer(count: 0)
    private var count = 0

    init(_ classifier: any DifferentiableClassifier, capacity: Int) {
        self.classifier = classifier
        self.capacity = capacity
        pixelCount = classifier.imageShape.elementCount
        classCount = classifier.classCount
        images = FloatBuffer(count: capacity * pixelCount)
        logitValues = FloatBuffer(count: capacity * classCount)
    }

    /// Where image `position` is to be written.
    func image(_ position: Int) -> UnsafeMutablePointer<Float> {
        images.pointer(at: position * pixelCount)
    }

    func logits(_ position: Int) -> LogitRow {
        LogitRow(values: logitValues.pointer(at: position * classCount), classCount: classCount)
    }

    /// Gradient `index` of image `position`.
    func gradient(_ index: Int, _ position: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(
            start: gradients.pointer(at: (index * count + position) * pixelCount),
            count: pixelCount)
    }

    func isZero(_ index: Int, _ position: Int) -> Bool {
        gradient(index, position).allSatisfy { $0 == 0 }
    }

    /// - Parameter seed: fills dL/dlogits of gradient `index` and row `position`, zero before.
    /// - Throws: ``RobustnessError`` when the model fails.
    func run(
        count: Int, seeds: Int,
        seed: (
            _ index: Int, _ position: Int, LogitRow, UnsafeMutablePointer<Float>
        ) -> Void
    ) throws(RobustnessError) {
        self.count = count
        let values = count * pixelCount
        if gradients.values.count < seeds * values {
            gradients = FloatBuffer(count: seeds * values)
        }
        let classCount = classCount
        do throws(TrainingError) {
            guard seeds > 0 else {
                return try classifier.logits(
                    of: images.prefix(values), count: count,
                    into: logitValues.mutablePrefix(count * classCount))
            }
            try classifier.inputGradients(
                of: images.prefix(values), count: count, seedCount: seeds,
                into: gradients.mutablePrefix(seeds * values),
                logits: logitValues.mutablePrefix(count * classCount)
            ) { index, logits, output in
                guard let logits = logits.baseAddress, let slopes = output.baseAddress else {
                    return
                }
                for position in 0..<count {
                    let offset = position * classCount
                    seed(
                        index, position,
                        LogitRow(values: logits + offset, classCount: classCount),
                        slopes + offset)
                }
            }
        } catch {
            throw RobustnessError(.model, error.description)
        }
    }
}

extension LogitRow {
    /// The softmax at temperature 1, in `Float` as a model would serve it.
    var probabilities: [Float] {
        var largest = -Float.infinity
        for index in 0..<classCount { largest = max(largest, values[index]) }
        let weights = (0..<classCount).map { expf(values[$0] - largest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    var largestProbability: Float { probabilities.max() ?? .nan }
}
