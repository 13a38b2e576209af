// SPDX-License-Identifier: Apache-2.0

/// The margin of logits that the attack brings down to -kappa (equation 6.6 of the paper's section
/// V.A): how far the label leads its strongest rival, or the strongest rival the target.
struct CarliniWagnerMargin {
    let goal: AttackGoal
    let kappa: Float

    /// The largest logit but the reference's. It is left out of the maximum, not made small: shifted
    /// logits give the same margin, however negative they are.
    private func rival(_ logits: LogitRow) -> Int {
        var best = goal.reference == 0 ? 1 : 0
        for label in 0..<logits.classCount where label != goal.reference {
            if logits.values[label] > logits.values[best] { best = label }
        }
        return best
    }

    /// How far the margin is from -kappa and a lasting lead; at or below zero where it is reached.
    func excess(_ logits: LogitRow) -> Float {
        let lead = logits.values[goal.reference] - logits.values[rival(logits)]
        return (goal.isTargeted ? -lead : lead) + kappa + logits.lastingLead
    }

    /// Whether logits with this excess reach the goal.
    func isReached(_ logits: LogitRow) -> Bool {
        let lead = logits.values[goal.reference] - logits.values[rival(logits)]
        return (goal.isTargeted ? -lead : lead) < 0 && excess(logits) <= 0
    }

    /// d margin / d logits, also where the margin is reached.
    func writeSeed(_ logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        seed[goal.reference] = goal.isTargeted ? -1 : 1
        seed[rival(logits)] = goal.isTargeted ? 1 : -1
    }
}
