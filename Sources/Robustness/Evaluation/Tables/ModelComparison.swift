// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Two models on the same rows: which rows the second holds that the first does not, and the other
/// way round.
public struct ModelComparison: Hashable, Sendable {
    /// What the two were shown.
    public enum Basis: String, Hashable, Sendable {
        /// The very same examples.
        case sameExamples = "same examples"
        /// Each the examples that one attack made against it.
        case ownExamples = "own examples"
    }

    public let first: String
    public let second: String
    public let firstSet: String
    public let secondSet: String
    public let attack: String
    public let basis: Basis
    /// Of rows that are wrong on the example: both, only the first model, only the second, neither.
    public let wrong: PairedComparison
    /// The same, class by class.
    public let classes: [PairedComparison]

    /// Rows the first gets wrong and the second right.
    public var fixed: Int { wrong.onlyFirst }
    /// Rows the first gets right and the second wrong.
    public var newlyWrong: Int { wrong.onlySecond }

    /// nil unless both speak of the same rows.
    public init?(_ first: Evaluation, _ second: Evaluation) {
        let labels = first.outcomes.map(\.label)
        guard first.checkpoint != second.checkpoint, first.rowIDs == second.rowIDs,
            labels == second.outcomes.map(\.label),
            first.outcomes.map(\.target) == second.outcomes.map(\.target)
        else { return nil }
        if first.set == second.set {
            basis = .sameExamples
        } else if first.access == .whiteBox, second.access == .whiteBox,
            first.attack == second.attack, first.threatModel == second.threatModel
        {
            basis = .ownExamples
        } else {
            return nil
        }
        (self.first, self.second) = (first.checkpoint, second.checkpoint)
        (firstSet, secondSet) = (first.set, second.set)
        attack = first.attack
        let mine = first.outcomes.map { !$0.isAdversarialCorrect }
        let others = second.outcomes.map { !$0.isAdversarialCorrect }
        wrong = PairedComparison(pairs: zip(mine, others))
        classes = (0..<max(first.classes.count, second.classes.count)).map { label in
            let rows = labels.indices.filter { labels[$0] == label }
            return PairedComparison(pairs: zip(rows.map { mine[$0] }, rows.map { others[$0] }))
        }
    }

    /// Every two models of `evaluations` that were shown the same examples or their own of one
    /// attack; with more than `modelLimit` models, the first against each other one.
    public static func all(
        among evaluations: [Evaluation], modelLimit: Int = 6
    ) -> [ModelComparison] {
        var models: [String] = []
        for evaluation in evaluations where !models.contains(evaluation.checkpoint) {
            models.append(evaluation.checkpoint)
        }
        let byModel = Dictionary(grouping: evaluations, by: \.checkpoint)
        let firsts = models.count > modelLimit ? Array(models.prefix(1)) : models
        var found: [ModelComparison] = []
        for (index, first) in firsts.enumerated() {
            for second in models.dropFirst(index + 1) {
                for left in byModel[first] ?? [] {
                    for right in byModel[second] ?? []
                    where left.set == right.set || left.attack == right.attack {
                        if let comparison = ModelComparison(left, right) {
                            found.append(comparison)
                        }
                    }
                }
            }
        }
        return found
    }

    /// `{first, second, first_set, second_set, basis, attack, rows, both_wrong, fixed, newly_wrong,
    /// neither_wrong, p_value, classes}`.
    public var json: JSON {
        [
            "first": .string(first), "second": .string(second),
            "first_set": .string(firstSet), "second_set": .string(secondSet),
            "basis": .string(basis.rawValue), "attack": .string(attack),
            "rows": .integer(wrong.both + fixed + newlyWrong + wrong.neither),
            "both_wrong": .integer(wrong.both), "fixed": .integer(fixed),
            "newly_wrong": .integer(newlyWrong), "neither_wrong": .integer(wrong.neither),
            "p_value": .number(wrong.pValue),
            "classes": .array(classes.map(\.json)),
        ]
    }
}
