// SPDX-License-Identifier: Apache-2.0

/// A difference of two logits, over a spread of the largest ones for the difference of logits ratio
/// (Croce and Hein, 2020, equations 6 and 7).
struct Margin {
    private let logits: UnsafePointer<Float>
    /// The classes whose difference is maximised.
    private let above: Int
    private let below: Int
    /// The classes of the spread z_first - mean(z_rest); nil for the plain difference.
    private let spread: (first: Int, rest: [Int])?

    /// - Parameter order: classes by falling logit; at least 3 for a ratio, 4 for a targeted one.
    init(_ logits: UnsafePointer<Float>, order: [Int], goal: AttackGoal, isRatio: Bool) {
        self.logits = logits
        let rival = order[0] == goal.reference ? order[1] : order[0]
        if goal.isTargeted {
            above = goal.reference
            below = isRatio ? goal.label : rival
            spread = isRatio ? (order[0], [order[2], order[3]]) : nil
        } else {
            (above, below) = (rival, goal.reference)
            spread = isRatio ? (order[0], [order[2]]) : nil
        }
    }

    private var difference: Double { Double(logits[above]) - Double(logits[below]) }

    /// The original's 1e-12 keeps equal logits from dividing by zero.
    private var denominator: Double {
        guard let spread else { return 1 }
        let rest = spread.rest.reduce(0.0) { $0 + Double(logits[$1]) } / Double(spread.rest.count)
        return Double(logits[spread.first]) - rest + 1e-12
    }

    var value: Double { difference / denominator }

    func addGradient(to gradient: UnsafeMutablePointer<Float>) {
        let denominator = denominator
        gradient[above] += Float(1 / denominator)
        gradient[below] -= Float(1 / denominator)
        guard let spread else { return }
        let slope = difference / (denominator * denominator)
        gradient[spread.first] -= Float(slope)
        for rest in spread.rest { gradient[rest] += Float(slope / Double(spread.rest.count)) }
    }
}
