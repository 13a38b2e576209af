// SPDX-License-Identifier: Apache-2.0

import Glibc
import Reporting
import Robustness
import Tensors
import Training

/// How large a net's input gradients are on clean rows, as the attacks saw them: in `Float`, at
/// T = 1.
struct SweepGradients {
    let rows: Int
    /// Mean of |dF_c/dx_i| over rows, classes and features: what defensive distillation shrinks.
    let probabilityAmplitude: Double
    /// Mean of |d(log-odds)/dx_i| over rows and features: the same net without the softmax.
    let logOddsAmplitude: Double
    /// Rows whose cross-entropy gradient is exactly zero.
    let zeroCrossEntropy: Rate
    /// Rows whose log-odds gradient is exactly zero.
    let zeroLogOdds: Rate
    /// Mean and median of the largest logit minus the second.
    let meanGap: Double
    let medianGap: Double
    /// Mean over rows of the sum of |z|.
    let meanLogitNorm: Double
    /// The gaps themselves, row by row.
    let gaps: [Float]

    /// Rows looked at unless there are fewer.
    static let rowLimit = 500

    /// - Parameter images: clean rows; at most ``rowLimit`` of them, evenly spaced, are looked at.
    /// - Throws: ``TrainingError`` when they do not fit the model.
    init(of classifier: any DifferentiableClassifier, on images: LabelledImages) throws {
        let count = min(Self.rowLimit, images.count)
        let chosen = (0..<count).map { $0 * images.count / max(count, 1) }
        var sums = Sums()
        let capacity = max(1, min(classifier.batchSize, count))
        for first in stride(from: 0, to: count, by: capacity) {
            try sums.add(
                Array(chosen[first..<min(first + capacity, count)]), of: images, classifier)
        }
        rows = count
        let features = Double(max(count * images.pixelCount, 1))
        probabilityAmplitude = sums.probability / (features * Double(classifier.classCount))
        logOddsAmplitude = sums.logOdds / features
        zeroCrossEntropy = Rate(sums.zeroCrossEntropy, of: count)
        zeroLogOdds = Rate(sums.zeroLogOdds, of: count)
        gaps = sums.gaps
        let spread = Quantiles(of: gaps)
        meanGap = spread.mean ?? .nan
        medianGap = spread.values.isEmpty ? .nan : spread.values[2]
        meanLogitNorm = sums.logitNorm / Double(max(count, 1))
    }

    private struct Sums {
        var (probability, logOdds, logitNorm) = (0.0, 0.0, 0.0)
        var (zeroCrossEntropy, zeroLogOdds) = (0, 0)
        var gaps: [Float] = []

        /// One forward pass, then a gradient for each class's probability, the cross entropy and
        /// the log-odds.
        mutating func add(
            _ rows: [Int], of images: LabelledImages, _ classifier: any DifferentiableClassifier
        ) throws {
            let (classes, features) = (classifier.classCount, images.pixelCount)
            let values = rows.count * features
            var pixels = [Float](repeating: 0, count: values)
            pixels.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return }
                for (position, row) in rows.enumerated() {
                    images.copyPixels(ofRow: row, to: start + position * features)
                }
            }
            let labels = rows.map { images.labels[$0] }
            var gradients = [Float](repeating: 0, count: (classes + 2) * values)
            var logits = [Float](repeating: 0, count: rows.count * classes)
            try pixels.withUnsafeBufferPointer { pixels in
                try gradients.withUnsafeMutableBufferPointer { gradients in
                    try logits.withUnsafeMutableBufferPointer { logits in
                        try classifier.inputGradients(
                            of: pixels, count: rows.count, seedCount: classes + 2,
                            into: gradients, logits: logits
                        ) { index, logits, seed in
                            for (position, label) in labels.enumerated() {
                                let range = (position * classes)..<((position + 1) * classes)
                                Softmax(UnsafeBufferPointer(rebasing: logits[range])).writeSeed(
                                    index, label: label,
                                    into: UnsafeMutableBufferPointer(rebasing: seed[range]))
                            }
                        }
                    }
                }
            }
            addSizes(gradients, rows: rows.count, classes: classes, features: features)
            addLogits(logits, classes: classes)
        }

        private mutating func addSizes(
            _ gradients: [Float], rows: Int, classes: Int, features: Int
        ) {
            for index in 0..<(classes + 2) {
                for row in 0..<rows {
                    let start = (index * rows + row) * features
                    var sum = 0.0
                    for value in gradients[start..<(start + features)] { sum += Double(abs(value)) }
                    switch index {
                    case classes: zeroCrossEntropy += sum == 0 ? 1 : 0
                    case classes + 1:
                        zeroLogOdds += sum == 0 ? 1 : 0
                        logOdds += sum
                    default: probability += sum
                    }
                }
            }
        }

        private mutating func addLogits(_ logits: [Float], classes: Int) {
            for start in stride(from: 0, to: logits.count, by: classes) {
                let row = logits[start..<(start + classes)]
                let sorted = row.sorted()
                gaps.append(sorted[classes - 1] - sorted[classes - 2])
                for value in row { logitNorm += Double(abs(value)) }
            }
        }
    }
}

/// One row's softmax in `Float`, as a framework would compute it.
private struct Softmax {
    let logits: UnsafeBufferPointer<Float>

    init(_ logits: UnsafeBufferPointer<Float>) {
        self.logits = logits
    }

    /// The probabilities over all classes, or over all but one.
    private func probabilities(without left: Int? = nil) -> [Float] {
        var largest = -Float.infinity
        for index in logits.indices where index != left { largest = max(largest, logits[index]) }
        var values = logits.indices.map { $0 == left ? 0 : expf(logits[$0] - largest) }
        var sum: Float = 0
        for value in values { sum += value }
        for index in values.indices { values[index] /= sum }
        return values
    }

    /// dL/dlogits: of F_c for an index c below the class count, then of the cross entropy, then of
    /// the log-odds LSE(z_j, j != y) - z_y. What belongs to the class itself is minus the sum of
    /// the others, never p - 1.
    func writeSeed(_ index: Int, label: Int, into seed: UnsafeMutableBufferPointer<Float>) {
        let own = index < logits.count ? index : label
        let values = probabilities(without: index == logits.count + 1 ? label : nil)
        var others: Float = 0
        for other in values.indices where other != own { others += values[other] }
        let scale: Float = index < logits.count ? -values[own] : 1
        for other in values.indices {
            seed[other] = scale * (other == own ? -others : values[other])
        }
    }
}
