// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What one model does on one stored adversarial set.
///
/// Rows whose example breaks the threat model, or holds numbers that are not finite, count as not
/// attacked: their clean image stands in. ``asStored`` holds the rates that take them at face
/// value.
public struct Evaluation: Sendable {
    /// Who made the examples.
    public enum Access: String, Sendable {
        /// The very model that is evaluated: equal digests.
        case whiteBox = "white-box"
        /// Another model, or nobody knows.
        case transfer
    }

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

    /// One class's rows.
    public struct ClassCounts: Hashable, Sendable {
        public internal(set) var rows = 0
        public internal(set) var cleanCorrect = 0
        public internal(set) var adversarialCorrect = 0
    }

    public let checkpoint: String
    public let set: String
    /// The attack's canonical text.
    public let attack: String
    /// The attack's ``Attack/json``; null in foreign sets.
    public let attackRecord: JSON
    public let access: Access
    public let isSourceKnown: Bool
    public let rowIDs: [Int]
    public let outcomes: [RowOutcome]
    public let cleanAccuracy: Rate
    public let rates: Rates
    public let asStored: Rates
    public let threatModel: ThreatModel
    public let threatCheck: ThreatCheck
    public let masking: MaskingSigns
    public let margins: MarginSummary
    public let classes: [ClassCounts]
    /// confusion[label][prediction on the example] in rows.
    public let confusion: [[Int]]
    public let isTargeted: Bool

    public var rows: Int { outcomes.count }
    /// For each row whether it is right when clean and wrong on the example.
    public var brokenRows: [Bool] {
        outcomes.map { $0.isCleanCorrect && !$0.isAdversarialCorrect }
    }
}

/// What happened to one row.
public struct RowOutcome: Hashable, Sendable {
    public let label: Int
    /// -1 where the attack is untargeted.
    public let target: Int
    /// nil where the clean logits are not finite.
    public let cleanPrediction: Int?
    /// On the example as stored; nil where it or its logits are not finite.
    public let storedPrediction: Int?
    /// Whether the example obeys the threat model and is finite.
    public let isAdmissible: Bool
    /// The largest logit minus the second on the example as stored; NaN where not finite.
    public let gap: Float
    /// In double precision; NaN where the example is not finite.
    public let distance: Double

    /// The prediction that counts: on the clean image where the example is not admissible.
    public var prediction: Int? { isAdmissible ? storedPrediction : cleanPrediction }
    public var isCleanCorrect: Bool { cleanPrediction == label }
    public var isAdversarialCorrect: Bool { prediction == label }
}

extension Evaluation.Rates {
    /// - Parameter prediction: the prediction on the example that counts.
    init(_ outcomes: [RowOutcome], prediction: (RowOutcome) -> Int?) {
        let count = outcomes.count
        let correct = outcomes.count { prediction($0) == $0.label }
        let cleanCorrect = outcomes.filter(\.isCleanCorrect)
        let both = cleanCorrect.count { prediction($0) == $0.label }
        adversarialAccuracy = Rate(correct, of: count)
        accuracyOnBoth = Rate(both, of: count)
        success = Rate(count - correct, of: count)
        successCleanCorrect = Rate(cleanCorrect.count - both, of: cleanCorrect.count)
        let aimed = outcomes.filter { $0.target >= 0 }
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
