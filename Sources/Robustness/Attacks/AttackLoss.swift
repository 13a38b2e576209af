// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a gradient attack climbs.
///
/// With m = LSE(z_j, j != y) - z_y, cross-entropy is softplus(m): both rise together and their
/// input gradients have the same direction. But dCE = sigma(m) dm, and sigma(m) underflows to
/// zero in `Float` once the label leads by about 104, which is how defensive distillation at a
/// high temperature hides its gradient (Carlini and Wagner, "Defensive distillation is not robust
/// to adversarial examples", 2016). The log-odds never vanish.
public enum AttackLoss: String, CaseIterable, Hashable, Sendable {
    case logOdds = "log-odds"
    case crossEntropy = "ce"
    /// The difference of logits ratio (Croce and Hein, "Reliable evaluation of adversarial
    /// robustness with an ensemble of diverse parameter-free attacks", 2020, section 4): the margin
    /// over the spread of the largest logits, so that scaling the logits changes nothing.
    case dlr
    /// The largest other logit minus the label's (Carlini and Wagner, "Towards evaluating the
    /// robustness of neural networks", 2017, f_6 without its bound).
    case margin
}

/// One row's goal: away from its label, or towards a target.
struct AttackGoal {
    /// The label, or the target of a targeted attack.
    let reference: Int
    let isTargeted: Bool
    let label: Int

    /// Whether a prediction reaches the goal.
    func isReached(by prediction: Int) -> Bool { (prediction == reference) == isTargeted }
}

extension AttackLoss {
    /// What to maximise, in double precision: the log-odds of `goal` whatever the loss, because
    /// cross-entropy ranks points alike until it rounds to 0 for all of them.
    static func objective(
        _ logits: UnsafePointer<Float>, classCount: Int, goal: AttackGoal
    ) -> Double {
        let reference = goal.reference
        var largest = -Double.infinity
        for index in 0..<classCount where index != reference {
            // Negated, so that a NaN is kept.
            if !(Double(logits[index]) <= largest) { largest = Double(logits[index]) }
        }
        var sum = 0.0
        for index in 0..<classCount where index != reference {
            sum += exp(Double(logits[index]) - largest)
        }
        let margin = largest + log(sum) - Double(logits[reference])
        return goal.isTargeted ? -margin : margin
    }

    /// The fewest classes the loss is defined for.
    func minimumClassCount(isTargeted: Bool) -> Int {
        self == .dlr ? (isTargeted ? 4 : 3) : 2
    }

    /// Writes the gradient of what is maximised with respect to one row of logits, all in `Float`.
    func gradient(
        of logits: UnsafePointer<Float>, classCount: Int, goal: AttackGoal,
        into gradient: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .logOdds, .crossEntropy:
            softmaxGradient(of: logits, classCount: classCount, goal: goal, into: gradient)
        case .margin, .dlr:
            let order = LogitRow(values: logits, classCount: classCount).order
            for index in 0..<classCount { gradient[index] = 0 }
            let margin = Margin(logits, order: order, goal: goal, isRatio: self == .dlr)
            margin.addGradient(to: gradient)
        }
    }

    /// The loss that is maximised, in double precision.
    func value(of logits: UnsafePointer<Float>, classCount: Int, goal: AttackGoal) -> Double {
        switch self {
        case .logOdds: return Self.objective(logits, classCount: classCount, goal: goal)
        case .crossEntropy:
            // Of a target it is minus its cross-entropy: softplus(-m) of its own log-odds m.
            let odds = Self.objective(logits, classCount: classCount, goal: goal)
            return goal.isTargeted ? -softplus(-odds) : softplus(odds)
        case .margin, .dlr:
            let order = LogitRow(values: logits, classCount: classCount).order
            return Margin(logits, order: order, goal: goal, isRatio: self == .dlr).value
        }
    }

    private func softplus(_ value: Double) -> Double {
        max(value, 0) + log1p(exp(-abs(value)))
    }

    /// The reference's own part is minus the sum of the others, never p - 1, which rounds to zero
    /// long before the gradient is gone.
    private func softmaxGradient(
        of logits: UnsafePointer<Float>, classCount: Int, goal: AttackGoal,
        into gradient: UnsafeMutablePointer<Float>
    ) {
        let reference = goal.reference
        // Cross-entropy's softmax runs over all classes, that of the log-odds over the others.
        let includesReference = self == .crossEntropy
        var largest = -Float.infinity
        for index in 0..<classCount where includesReference || index != reference {
            largest = max(largest, logits[index])
        }
        var sum: Float = 0
        for index in 0..<classCount {
            let weight = expf(logits[index] - largest)
            gradient[index] = weight
            if includesReference || index != reference { sum += weight }
        }
        let scale = (goal.isTargeted ? -1 : 1) / sum
        var others: Float = 0
        for index in 0..<classCount where index != reference {
            gradient[index] *= scale
            others += gradient[index]
        }
        gradient[reference] = -others
    }
}
