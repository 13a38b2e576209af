// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Tensors
public import Training

/// How large the gradient is that an attack could follow (Papernot et al., "Distillation as a
/// defense", 2016, figure 8: distillation makes that of the softmax vanish).
///
/// The log-odds amplitude stands beside it, because it has the same direction and does not vanish.
public struct GradientAmplitude: Hashable, Sendable {
    /// 0 has a bin of its own.
    public static let edges: [Double] = [1e-40, 1e-20, 1e-10, 1e-5, 1e-3, 1]

    /// Clean images looked at, evenly spaced.
    public let images: Int
    /// For each image the mean over pixels and classes c of |dF_c / dx| with F the softmax at
    /// temperature 1, in `Float`.
    public let softmax: Histogram
    public let meanSoftmax: Double?
    /// The same in double precision on some of the images, evenly spaced; nil where the model does not
    /// run in it.
    public let softmaxInDouble: Histogram?
    public let meanSoftmaxInDouble: Double?
    /// ``meanSoftmax`` on those images alone: few images carry most of a mean.
    public let meanSoftmaxOnSame: Double?
    /// For each image the mean over pixels of |dm / dx| with m the log-odds of the predicted class.
    public let logOdds: Histogram
    public let meanLogOdds: Double?

    /// `{images, edges, softmax, softmax_double, log_odds, mean_softmax, mean_softmax_double,
    /// mean_softmax_same_images, mean_log_odds}`.
    public var json: JSON {
        func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
        return [
            "images": .integer(images),
            "edges": .array(Self.edges.map { .number($0) }),
            "softmax": softmax.json, "softmax_double": softmaxInDouble?.json ?? .null,
            "log_odds": logOdds.json, "mean_softmax": number(meanSoftmax),
            "mean_softmax_double": number(meanSoftmaxInDouble),
            "mean_softmax_same_images": number(meanSoftmaxOnSame),
            "mean_log_odds": number(meanLogOdds),
        ]
    }

    /// - Parameter inDouble: places in `softmax`, and the values there in double precision.
    init(
        softmax: [Double], inDouble: (places: [Int], values: [Double])?, logOdds: [Double]
    ) {
        func mean(_ values: [Double]) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        images = softmax.count
        self.softmax = Histogram(of: softmax, edges: Self.edges)
        meanSoftmax = mean(softmax)
        softmaxInDouble = inDouble.map { Histogram(of: $0.values, edges: Self.edges) }
        meanSoftmaxInDouble = inDouble.flatMap { mean($0.values) }
        meanSoftmaxOnSame = inDouble.flatMap { mean($0.places.map { softmax[$0] }) }
        self.logOdds = Histogram(of: logOdds, edges: Self.edges)
        meanLogOdds = mean(logOdds)
    }

    /// Measures at most `limit` of `images`.
    ///
    /// - Throws: ``RobustnessError`` when the model fails.
    public static func measure(
        _ classifier: any DifferentiableClassifier, reference: DoublePrecision? = nil,
        images: LabelledImages, limit: Int
    ) throws(RobustnessError) -> GradientAmplitude {
        let count = min(limit, images.count)
        let chosen = (0..<count).map { $0 * images.count / max(count, 1) }
        let (classes, pixels) = (classifier.classCount, classifier.imageShape.elementCount)
        // Gradients of a batch stay within 64 MB whatever the size of the images.
        let fitting = (1 << 24) / ((classes + 1) * pixels)
        let batch = GradientBatch(
            classifier, capacity: max(1, min(classifier.batchSize, count, fitting)))
        var (softmax, logOdds): ([Double], [Double]) = ([], [])
        for first in stride(from: 0, to: count, by: batch.capacity) {
            let rows = Array(chosen[first..<min(first + batch.capacity, count)])
            for (position, row) in rows.enumerated() {
                images.copyPixels(ofRow: row, to: batch.image(position))
            }
            try batch.run(count: rows.count, seeds: classes + 1) { index, _, logits, seed in
                if index < classes {
                    Self.writeSoftmaxSeed(of: index, logits, into: seed)
                } else {
                    let top = logits.prediction ?? 0
                    AttackLoss.logOdds.gradient(
                        of: logits.values, classCount: classes,
                        goal: AttackGoal(reference: top, isTargeted: false, label: top),
                        into: seed)
                }
            }
            for position in rows.indices {
                let sum = (0..<classes).reduce(0.0) { $0 + batch.sum($1, position) }
                softmax.append(sum / Double(classes * pixels))
                logOdds.append(batch.sum(classes, position) / Double(pixels))
            }
        }
        let few = min(doubleLimit, count)
        let places = (0..<few).map { $0 * count / few }
        let inDouble = reference.map { reference in
            amplitudes(
                of: places.map { images.pixels(chosen[$0]..<(chosen[$0] + 1)) }, reference)
        }
        return GradientAmplitude(
            softmax: softmax, inDouble: inDouble.map { (places, $0) }, logOdds: logOdds)
    }

    /// Double precision costs some milliseconds an image and class.
    private static let doubleLimit = 24

    private static func amplitudes(
        of images: [[Float]], _ reference: DoublePrecision
    ) -> [Double] {
        [Double](unsafeUninitializedCapacity: images.count) { buffer, initialized in
            // Every image writes its own place.
            nonisolated(unsafe) let places = buffer
            forEachRowConcurrently(images.count, run: 1) { row in
                places.initializeElement(at: row, to: amplitude(of: images[row], reference))
            }
            initialized = images.count
        }
    }

    /// dF_c / dz_k = F_c (delta_ck - F_k); the own part as the sum of the others, which rounds to
    /// zero only where the gradient does.
    private static func writeSoftmaxSeed(
        of index: Int, _ logits: LogitRow, into seed: UnsafeMutablePointer<Float>
    ) {
        let outputs = logits.probabilities
        var others: Float = 0
        for other in outputs.indices where other != index {
            seed[other] = -outputs[index] * outputs[other]
            others += outputs[other]
        }
        seed[index] = outputs[index] * others
    }

    private static func amplitude(of image: [Float], _ reference: DoublePrecision) -> Double {
        let gradients = reference.inputGradients(image) { logits in
            let largest = logits.max() ?? 0
            let weights = logits.map { exp($0 - largest) }
            let sum = weights.reduce(0, +)
            return weights.indices.map { own in
                let output = weights[own] / sum
                let others = weights.indices.reduce(0.0) { $1 == own ? $0 : $0 + weights[$1] / sum }
                return weights.indices.map { other in
                    other == own ? output * others : -output * weights[other] / sum
                }
            }
        }
        let sum = gradients.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + abs($1) } }
        return sum / Double(gradients.count * image.count)
    }
}

extension GradientBatch {
    /// The sum of the absolute values of a gradient.
    fileprivate func sum(_ index: Int, _ position: Int) -> Double {
        gradient(index, position).reduce(0.0) { $0 + Double(abs($1)) }
    }
}
