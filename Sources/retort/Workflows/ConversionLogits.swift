// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors
import Training

/// Both sides of a conversion, run on the same images.
struct LogitsComparison {
    /// Which images: a stored data set, or generated ones and their seed.
    let batch: String
    let rows: Int
    /// The largest |target - source| over all logits.
    let maximumDifference: Double
    /// The largest |logit| of the source.
    let magnitude: Double
    /// Rows whose largest logit is at another class.
    let changedPredictions: Int
    /// What the difference may be; nil where a cast changed the weights, so that it may be
    /// anything.
    let tolerance: Double?

    var isEqual: Bool {
        // A NaN is no difference that could be tolerated.
        guard let tolerance else { return true }
        return maximumDifference <= tolerance
    }

    var json: JSON {
        [
            "batch": .string(batch), "rows": .integer(rows), "max_abs": .number(maximumDifference),
            "magnitude": .number(magnitude), "changed_predictions": .integer(changedPredictions),
            "tolerance": tolerance.map { .number($0) } ?? .null,
        ]
    }

    /// Parameters above which running both sides would take more memory than a file tool may.
    static let elementLimit = 1 << 28
    private static let storedRows = 64
    private static let generatedRows = 16
    private static let seed: UInt64 = 0
    /// Values of one batch, for models with large images.
    private static let valueLimit = 1 << 23

    /// Runs source and target one after the other, so that one model is in memory at a time.
    ///
    /// - Parameters:
    ///   - stores: where images may be found.
    ///   - isExact: whether the weights are the same numbers on both sides.
    init(
        source: RunnableWeights, target: RunnableWeights, stores: [Store], isExact: Bool
    ) throws {
        let shape = source.graph.inputShape
        guard target.graph.inputShape == shape, target.graph.classCount == source.graph.classCount
        else {
            throw Failure(
                "the converted model maps \(target.graph.inputShape) to "
                    + "\(target.graph.classCount) classes, the source \(shape) to "
                    + "\(source.graph.classCount)")
        }
        let images = try Self.images(of: shape, in: stores)
        batch = images.name
        rows = images.count
        let before = try source.logits(of: images.values, count: rows)
        let after = try target.logits(of: images.values, count: rows)
        var (difference, magnitude) = (0.0, 0.0)
        for (old, new) in zip(before, after) where old != new {
            let gap = Double(old) - Double(new)
            // The same NaN or infinity on both sides is no difference.
            if old.isNaN && new.isNaN { continue }
            difference = gap.isNaN ? .infinity : max(difference, gap.magnitude)
        }
        for logit in before where logit.isFinite { magnitude = max(magnitude, Double(abs(logit))) }
        maximumDifference = difference
        self.magnitude = magnitude
        let classes = source.graph.classCount
        changedPredictions = (0..<rows).count { row in
            let range = (row * classes)..<((row + 1) * classes)
            return Self.best(before[range]) != Self.best(after[range])
        }
        tolerance = isExact ? 1e-5 * max(1, magnitude) : nil
    }

    private static func best(_ logits: ArraySlice<Float>) -> Int? {
        logits.indices.max { logits[$0] < logits[$1] }.map { $0 - logits.startIndex }
    }

    /// Images of a stored data set that fits, or generated ones.
    private static func images(
        of shape: Shape, in stores: [Store]
    ) throws -> (name: String, values: [Float], count: Int) {
        let limit = max(1, valueLimit / max(shape.elementCount, 1))
        for store in stores {
            for entry in store.datasets {
                let set = try store.dataset(named: entry.name.description)
                guard set.shape.dimensions.dropFirst().elementsEqual(shape.dimensions),
                    set.count > 0
                else { continue }
                let count = min(set.count, storedRows, limit)
                let images = try set.images(rows: 0..<count)
                var values = [Float](repeating: 0, count: count * shape.elementCount)
                values.withUnsafeMutableBufferPointer { buffer in
                    for row in 0..<count {
                        images.copyPixels(
                            ofRow: row, to: buffer.baseAddress! + row * shape.elementCount)
                    }
                }
                return ("the first \(count) rows of data set '\(set.name)'", values, count)
            }
        }
        let count = min(generatedRows, limit)
        var random = RandomStream(seed: seed, purpose: .proof)
        let values = (0..<(count * shape.elementCount)).map { _ in random.uniform() }
        return ("\(count) generated images, uniform in [0, 1), seed \(seed)", values, count)
    }
}

extension RandomStream.Purpose {
    /// Images on which a conversion is proved.
    static let proof = Self(rawValue: 10)
}
