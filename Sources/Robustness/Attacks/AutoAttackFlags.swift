// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

/// Signs that an ensemble of attacks may not be able to judge a model: the warnings of the
/// authors' AutoAttack, with its thresholds.
struct AutoAttackFlags {
    private static let repeats = 5
    private static let differenceAllowed = 1e-4
    private static let probabilitySlack: Float = 1e-5
    private static let squareShareAllowed = 0.002

    /// How far the logits of one image lie apart over several runs, relative to their length.
    private(set) var largestDifference = 0.0
    /// Whether all outputs are probability distributions, so that logits are hidden.
    private(set) var givesProbabilities = false
    /// Rows on which the difference of logits ratio had a gradient of exactly zero.
    private(set) var zeroGradientRows = 0
    /// Rows that only Square broke, without using a gradient.
    private(set) var squareRows = 0
    private(set) var rows = 0
    /// Whether there are fewer other classes than targets.
    private(set) var hasFewClasses = false

    var isRandomised: Bool { largestDifference > Self.differenceAllowed }
    var isSquareBetter: Bool { Double(squareRows) > Self.squareShareAllowed * Double(rows) }

    /// Runs the first rows through the model several times.
    ///
    /// - Throws: ``RobustnessError`` when the model fails.
    mutating func look(
        at classifier: any DifferentiableClassifier, images: LabelledImages
    ) throws(RobustnessError) {
        let count = min(classifier.batchSize, images.count, 250)
        guard count > 0 else { return }
        let classCount = classifier.classCount
        let pixels = images.pixels(0..<count)
        var runs: [[Float]] = []
        for _ in 0..<Self.repeats {
            let logits = FloatBuffer(count: count * classCount)
            do throws(TrainingError) {
                try pixels.withUnsafeBufferPointer { (pixels) throws(TrainingError) in
                    try classifier.logits(of: pixels, count: count, into: logits.values)
                }
            } catch {
                throw RobustnessError(.model, error.description)
            }
            runs.append(Array(logits.values))
        }
        for row in 0..<count {
            compare(runs.map { Array($0[(row * classCount)..<((row + 1) * classCount)]) })
        }
        givesProbabilities = (0..<count).allSatisfy { row in
            let outputs = runs[0][(row * classCount)..<((row + 1) * classCount)]
            let slack = Self.probabilitySlack
            return outputs.allSatisfy { $0 > -slack && $0 < 1 + slack }
                && abs(outputs.reduce(0, +) - 1) < slack
        }
    }

    private mutating func compare(_ runs: [[Float]]) {
        let unit = runs.map { logits in
            let length = logits.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            return logits.map { Double($0) / (length + 1e-10) }
        }
        for (index, one) in unit.enumerated() {
            for other in unit[(index + 1)...] {
                let squares = zip(one, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                largestDifference = max(largestDifference, squares.squareRoot())
            }
        }
    }

    init() {}

    /// The flags of parts made apart, with the stages of them all.
    init(joining parts: [JSON?], stages: [AutoAttackMerge.StageRecord], rows: Int) {
        largestDifference =
            parts.compactMap { $0?["randomised"]?["largest_difference"]?.doubleValue }.max() ?? 0
        givesProbabilities = parts.allSatisfy { $0?["probabilities"]?["raised"] == true }
        hasFewClasses = parts.contains { $0?["few_classes"]?["raised"] == true }
        read(stages, rows: rows)
    }

    /// Takes what the stages tell.
    mutating func read(
        _ stages: [AutoAttackMerge.StageRecord], rows: Int, classCount: Int, targets: Int
    ) {
        hasFewClasses = targets > classCount - 1
        read(stages, rows: rows)
    }

    private mutating func read(_ stages: [AutoAttackMerge.StageRecord], rows: Int) {
        self.rows = rows
        zeroGradientRows =
            stages.filter { ["apgd-dlr", "apgd-t"].contains($0.name) }.map(\.zeroGradientRows).max()
            ?? 0
        // Only after the attacks that use gradients does it say something about them.
        if let last = stages.last, last.name == "square" { squareRows = last.broken }
    }

    var json: JSON {
        [
            "randomised": [
                "raised": .bool(isRandomised), "largest_difference": .number(largestDifference),
            ],
            "probabilities": ["raised": .bool(givesProbabilities)],
            "zero_gradient": [
                "raised": .bool(zeroGradientRows > 0), "rows": .integer(zeroGradientRows),
            ],
            "square_better": [
                "raised": .bool(isSquareBetter), "rows": .integer(squareRows),
            ],
            "few_classes": ["raised": .bool(hasFewClasses)],
        ]
    }
}
