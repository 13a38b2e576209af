// SPDX-License-Identifier: Apache-2.0

/// What happened to one row.
public struct RowOutcome: Hashable, Sendable {
    public let label: Int
    /// -1 where the attack is untargeted.
    public let target: Int
    /// nil where the clean logits are not finite or not known.
    public let cleanPrediction: Int?
    /// On the example as stored; nil where it or its logits are not finite.
    public let storedPrediction: Int?
    /// Whether the example obeys the threat model and is finite.
    public let isAdmissible: Bool
    /// The largest logit minus the second on the example as stored; NaN where not finite.
    public let gap: Float
    /// z_label minus the largest other logit on the example as stored; NaN where not finite.
    public let margin: Float
    /// From the clean image, in the threat model's norm, in double precision; NaN where the example
    /// is not finite.
    public let distance: Double
    /// Values that differ from the clean image's.
    public let features: Int
    /// Whether anybody asked the model about the clean image.
    public let isCleanKnown: Bool

    /// The prediction that counts: on the clean image where the example is not admissible, and the
    /// label where that is not known, so that no row counts as broken without evidence.
    public var prediction: Int? {
        if isAdmissible { return storedPrediction }
        return isCleanKnown ? cleanPrediction : label
    }
    public var isCleanCorrect: Bool { cleanPrediction == label }
    public var isAdversarialCorrect: Bool { prediction == label }
    /// Right on the clean image, as far as is known, and wrong on the example.
    public var isBroken: Bool { (isCleanCorrect || !isCleanKnown) && !isAdversarialCorrect }
    /// Predicted as the target, which is not the label.
    public var isTargetReached: Bool {
        target >= 0 && target != label && prediction == target && isAdmissible
    }
}

/// Rows one after the other, from logits and from what the audit measured.
struct OutcomeTable {
    let outcomes: [RowOutcome]
    let hasFiniteLogits: [Bool]

    init(_ audit: SetAudit, clean: LogitTable?, adversarial: LogitTable) {
        let set = audit.set
        var finite: [Bool] = []
        outcomes = audit.rows.indices.map { row in
            let check = audit.rows[row]
            let label = set.labels[row]
            let (prediction, gap, margin) = adversarial.read(row) {
                ($0.prediction, $0.gap, $0.margin(of: label))
            }
            finite.append(prediction != nil)
            let stored = check.isFinite ? prediction : nil
            return RowOutcome(
                label: label, target: set.targets[row],
                cleanPrediction: clean?.prediction(row), storedPrediction: stored,
                isAdmissible: stored != nil && audit.violations[row] == nil,
                gap: stored == nil ? .nan : gap, margin: stored == nil ? .nan : margin,
                distance: check.distance, features: check.changed, isCleanKnown: clean != nil)
        }
        hasFiniteLogits = finite
    }
}
