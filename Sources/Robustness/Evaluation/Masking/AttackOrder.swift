// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Signs of a masked gradient that show only between sets: a weaker attack that breaks more rows
/// than a stronger one (Athalye, Carlini and Wagner, "Obfuscated gradients give a false sense of
/// security", 2018, section 3.1).
public struct AttackOrder: Hashable, Sendable {
    /// What is expected of two sets against one model.
    public enum Expectation: String, CaseIterable, Hashable, Sendable {
        /// Many steps break at least what one step does.
        case iterativeBeatsOneStep = "one step breaks more than many"
        /// Cross-entropy and log-odds have the same direction, so they break alike.
        case lossesAgree = "log-odds breaks more than cross-entropy"
        /// A loss that cannot vanish, or one that does not care for the scale, finds no more.
        case ratioAgrees = "the ratio of logits breaks more than cross-entropy"
        /// A larger ball contains the smaller one.
        case largerBallBreaksMore = "a smaller epsilon breaks more than a larger one"
        /// Knowing the model helps.
        case whiteBoxBeatsTransfer = "a transferred set breaks more than one made with the model"
        /// A gradient is worth more than logits alone.
        case gradientBeatsBlackBox = "an attack without gradients breaks more than one with them"
        /// A gradient is worth more than chance.
        case gradientBeatsNoise = "noise breaks more than an attack"
    }

    public let checkpoint: String
    public let expectation: Expectation
    /// The set that ought not to break more, and the one that ought to.
    public let weaker: String
    public let stronger: String
    public let comparison: PairedComparison

    /// Differences below this are chance.
    public static let significance = 0.01

    /// A sentence with the numbers.
    public var finding: String {
        "\(expectation.rawValue): '\(weaker)' alone breaks \(comparison.onlyFirst) rows, '\(stronger)' alone \(comparison.onlySecond) (p = \(comparison.pValue)): a sign of a masked gradient"
    }

    /// `{checkpoint, sign, weaker, stronger, comparison, finding}`.
    public var json: JSON {
        [
            "checkpoint": .string(checkpoint), "sign": .string(expectation.rawValue),
            "weaker": .string(weaker), "stronger": .string(stronger),
            "comparison": comparison.json, "finding": .string(finding),
        ]
    }

    /// All pairs of evaluations of one model on the same rows that are the wrong way round.
    public static func violations(among evaluations: [Evaluation]) -> [AttackOrder] {
        var found: [AttackOrder] = []
        for weak in evaluations {
            for strong in evaluations {
                for expectation in Expectation.allCases
                where expectation.applies(weak: weak, strong: strong) {
                    let comparison = PairedComparison(
                        pairs: zip(weak.brokenRows, strong.brokenRows))
                    guard comparison.onlyFirst > comparison.onlySecond,
                        comparison.pValue < significance
                    else { continue }
                    found.append(
                        AttackOrder(
                            checkpoint: weak.checkpoint, expectation: expectation,
                            weaker: weak.set, stronger: strong.set, comparison: comparison))
                }
            }
        }
        return found
    }
}

extension AttackOrder.Expectation {
    /// Whether `strong` ought to break at least as much as `weak`.
    fileprivate func applies(weak: Evaluation, strong: Evaluation) -> Bool {
        guard weak.checkpoint == strong.checkpoint, weak.set != strong.set,
            weak.threatModel.norm == strong.threatModel.norm, !weak.isTargeted, !strong.isTargeted,
            !weak.isRejected, !strong.isRejected, weak.rowIDs == strong.rowIDs
        else { return false }
        let sameBall = weak.threatModel == strong.threatModel
        let sameLoss = weak.attackLoss == strong.attackLoss
        let sameName = weak.attackRecord["name"] == strong.attackRecord["name"]
        // How a set fares on another model says nothing of that model's gradient.
        let isOwn = strong.access == .whiteBox
        let areOwn = weak.access == .whiteBox && isOwn
        switch self {
        case .iterativeBeatsOneStep:
            return sameBall && sameLoss && areOwn
                && weak.family == .oneStep && strong.family == .iterative
        case .lossesAgree:
            return sameBall && sameName && areOwn
                && weak.attackLoss == "log-odds" && strong.attackLoss == "ce"
        case .ratioAgrees:
            return sameBall && sameName && areOwn
                && weak.attackLoss == "dlr" && strong.attackLoss == "ce"
        case .largerBallBreaksMore:
            // One step overshoots: only attacks with many steps are expected to order the balls.
            return sameName && sameLoss && areOwn && weak.family == .iterative
                && weak.threatModel.isSmaller(than: strong.threatModel)
        case .whiteBoxBeatsTransfer:
            return sameBall && sameName && sameLoss && weak.isSourceKnown
                && weak.access == .transfer && isOwn
        case .gradientBeatsBlackBox:
            return sameBall && areOwn && weak.family == .blackBox && strong.family == .iterative
        case .gradientBeatsNoise:
            return sameBall && areOwn && weak.family == .noise && strong.family.usesGradient
        }
    }
}
