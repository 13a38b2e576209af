// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Signs that a model hides its gradient from attacks rather than resists them (Athalye, Carlini
/// and Wagner, "Obfuscated gradients give a false sense of security", 2018), measured on clean rows.
public struct MaskingSigns: Hashable, Sendable {
    /// Rows looked at, evenly spaced.
    public let rows: Int
    /// Rows whose cross-entropy input gradient is exactly zero in every pixel.
    public let zeroCrossEntropy: Rate
    /// The same for the log-odds, which cannot underflow: zero here means a dead network.
    public let zeroLogOdds: Rate
    /// Rows whose largest softmax output rounds to exactly 1.
    public let saturated: Rate
    /// Of z_1 - z_2. In `Float` cross-entropy gradients are gone above about 104.
    public let logitGaps: Quantiles
    public let gapHistogram: Histogram

    /// 17: p_y - 1 rounds to 0 in `Float`; 87: exp(-gap) is denormal; 104: it is 0.
    public static let gapEdges: [Double] = [
        0.1, 1, 2, 5, 10, 17, 30, 50, 87, 104, 200, 500, 1000, 2000,
    ]

    /// Of a model that nobody could ask for gradients.
    public static let notMeasured = MaskingSigns(
        rows: 0, zeroCrossEntropy: Rate(0, of: 0), zeroLogOdds: Rate(0, of: 0), gaps: [],
        saturatedRows: 0)

    init(
        rows: Int, zeroCrossEntropy: Rate, zeroLogOdds: Rate, gaps: [Float], saturatedRows: Int
    ) {
        self.rows = rows
        self.zeroCrossEntropy = zeroCrossEntropy
        self.zeroLogOdds = zeroLogOdds
        saturated = Rate(saturatedRows, of: rows)
        logitGaps = Quantiles(of: gaps)
        gapHistogram = Histogram(of: gaps.map(Double.init), edges: Self.gapEdges)
    }

    /// Sentences about what looks masked; empty when nothing does.
    public var findings: [String] {
        guard let crossEntropy = zeroCrossEntropy.value, let logOdds = zeroLogOdds.value else {
            return []
        }
        var findings: [String] = []
        if crossEntropy > logOdds {
            findings.append(
                "the cross-entropy gradient is exactly zero on \(zeroCrossEntropy.count) of \(rows) clean rows, the log-odds gradient on \(zeroLogOdds.count): attacks on cross-entropy see nothing there, which says nothing about the model"
            )
        }
        if logOdds > 0 {
            findings.append(
                "the log-odds gradient is exactly zero on \(zeroLogOdds.count) of \(rows) clean rows: gradient attacks cannot judge them"
            )
        }
        return findings
    }

    /// `{rows, zero_gradient_share, zero_log_odds_gradient_share, saturated_share, logit_gap,
    /// logit_gap_histogram, findings}`; shares of no rows are null.
    public var json: JSON {
        [
            "rows": .integer(rows),
            "zero_gradient_share": zeroCrossEntropy.json,
            "zero_log_odds_gradient_share": zeroLogOdds.json,
            "saturated_share": saturated.json,
            "logit_gap": logitGaps.json,
            "logit_gap_histogram": gapHistogram.json,
            "findings": .array(findings.map { .string($0) }),
        ]
    }
}

extension MaskingSigns {
    /// Looks for masking on at most `limit` of `images`.
    ///
    /// - Throws: ``RobustnessError`` when the model fails.
    public static func measure(
        _ classifier: any DifferentiableClassifier, images: LabelledImages, limit: Int
    ) throws(RobustnessError) -> MaskingSigns {
        let count = min(limit, images.count)
        let chosen = (0..<count).map { $0 * images.count / max(count, 1) }
        let batch = GradientBatch(classifier, capacity: max(1, min(classifier.batchSize, count)))
        var zeros = [0, 0]
        var gaps: [Float] = []
        var saturated = 0
        for first in stride(from: 0, to: count, by: batch.capacity) {
            let rows = Array(chosen[first..<min(first + batch.capacity, count)])
            for (position, row) in rows.enumerated() {
                images.copyPixels(ofRow: row, to: batch.image(position))
            }
            let goals = rows.map {
                AttackGoal(
                    reference: images.labels[$0], isTargeted: false, label: images.labels[$0])
            }
            let losses: [AttackLoss] = [.crossEntropy, .logOdds]
            try batch.run(count: rows.count, seeds: 2) { index, row, logits, seed in
                losses[index].gradient(
                    of: logits.values, classCount: logits.classCount, goal: goals[row], into: seed)
            }
            for position in rows.indices {
                for index in 0..<2 where batch.isZero(index, position) { zeros[index] += 1 }
                let logits = batch.logits(position)
                gaps.append(logits.gap)
                saturated += logits.largestProbability == 1 ? 1 : 0
            }
        }
        return MaskingSigns(
            rows: count, zeroCrossEntropy: Rate(zeros[0], of: count),
            zeroLogOdds: Rate(zeros[1], of: count), gaps: gaps, saturatedRows: saturated)
    }
}

extension LabelledImages {
    /// The clean rows of a set with their labels.
    ///
    /// - Throws: ``RobustnessError`` for labels the model does not have.
    public init(
        cleanRowsOf set: AdversarialSet, _ classifier: any DifferentiableClassifier
    ) throws(RobustnessError) {
        if let defect = set.misfit(
            imageShape: classifier.imageShape, classCount: classifier.classCount)
        {
            throw RobustnessError(.model, defect.finding)
        }
        do throws(TensorError) {
            try self.init(
                images: set.clean, labels: set.labels, classCount: classifier.classCount)
        } catch {
            throw RobustnessError(.data, error.description)
        }
    }
}
