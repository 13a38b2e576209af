// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What may be said of one model from everything in the store: what was tried, what it broke, and
/// what was not tried.
public struct ModelVerdict: Sendable {
    public let checkpoint: String
    /// One sentence for each threat model with a worst case, or for each set where there is none.
    public let sentences: [String]
    /// Signs that the model's gradient is hidden.
    public let warnings: [String]
    public let checklist: [ChecklistItem]

    /// - Parameters:
    ///   - evaluations: of this model on every set.
    ///   - worstCases: of this model.
    ///   - signs: nil where the model could not be asked for gradients.
    public init(
        of checkpoint: String, evaluations: [Evaluation], worstCases: [WorstCase],
        signs: ModelSigns?
    ) {
        let own = evaluations.filter { $0.checkpoint == checkpoint }
        let worst = worstCases.filter { $0.checkpoint == checkpoint }
        let orders = AttackOrder.violations(among: own)
        self.checkpoint = checkpoint
        sentences = worst.isEmpty ? own.map(\.verdict) : worst.map(\.verdict)
        warnings = (signs?.findings ?? []) + orders.map(\.finding)
        checklist =
            Checklist(evaluations: own, worstCases: worst, signs: signs, orders: orders).items
    }

    /// The items that nothing in the store answers.
    public var notTried: [ChecklistItem] { checklist.filter { $0.answer == .notTried } }

    /// `{checkpoint, sentences, warnings, checklist}`.
    public var json: JSON {
        [
            "checkpoint": .string(checkpoint),
            "sentences": .array(sentences.map { .string($0) }),
            "warnings": .array(warnings.map { .string($0) }),
            "checklist": .array(checklist.map(\.json)),
        ]
    }
}
