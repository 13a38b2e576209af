// SPDX-License-Identifier: Apache-2.0

extension Evaluation {
    /// Rates over rows, each with its denominator.
    public struct Rates: Hashable, Sendable {
        /// Right on the example, of all rows.
        public let adversarialAccuracy: Rate
        /// Right on the clean image and on the example, of all rows.
        public let accuracyOnBoth: Rate
        /// Wrong on the example, of all rows: includes rows that were wrong to begin with.
        public let success: Rate
        /// Wrong on the example, of the rows right on the clean image.
        public let successCleanCorrect: Rate
        /// Predicted as the target, of the rows that have one; nil for untargeted sets.
        public let targetedSuccess: Rate?
        /// The same, of the rows with a target that are right on the clean image.
        public let targetedSuccessCleanCorrect: Rate?
    }
}

extension Evaluation.Rates {
    /// Rates over no rows stand for what is not known without the clean logits.
    ///
    /// - Parameter prediction: the prediction on the example that counts.
    init(_ outcomes: [RowOutcome], prediction: (RowOutcome) -> Int?) {
        let count = outcomes.count
        let correct = outcomes.count { prediction($0) == $0.label }
        let known = outcomes.count { $0.isCleanKnown }
        let cleanCorrect = outcomes.filter(\.isCleanCorrect)
        let both = cleanCorrect.count { prediction($0) == $0.label }
        adversarialAccuracy = Rate(correct, of: count)
        accuracyOnBoth = Rate(both, of: known)
        success = Rate(count - correct, of: count)
        successCleanCorrect = Rate(cleanCorrect.count - both, of: cleanCorrect.count)
        let aimed = outcomes.filter { $0.target >= 0 && $0.target != $0.label }
        let aimedCorrect = aimed.filter(\.isCleanCorrect)
        targetedSuccess =
            aimed.isEmpty
            ? nil : Rate(aimed.count { prediction($0) == $0.target }, of: aimed.count)
        targetedSuccessCleanCorrect =
            aimed.isEmpty
            ? nil
            : Rate(aimedCorrect.count { prediction($0) == $0.target }, of: aimedCorrect.count)
    }
}
