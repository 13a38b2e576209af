// SPDX-License-Identifier: Apache-2.0

/// How many rows are still unbroken at a distance, when some rows were never broken: the product
/// limit estimate (Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA
/// 53, 1958). Rows that no attack broke are censored, not dropped: they are at least so far away.
public struct KaplanMeier: Hashable, Sendable {
    /// A distance at which rows break.
    public struct Step: Hashable, Sendable {
        public let distance: Double
        /// Rows neither broken nor censored at a smaller distance.
        public let atRisk: Int
        public let broken: Int
        /// Share of rows unbroken just after the step.
        public let survival: Double
    }

    /// Ascending by distance.
    public let steps: [Step]
    public let rows: Int
    public let censored: Int

    /// - Parameters:
    ///   - distances: at which each row broke, or up to which it is known not to have.
    ///   - isBroken: whether it broke there. A row censored at the distance where others break
    ///     counts as at risk there.
    public init(distances: [Double], isBroken: [Bool]) {
        let ordered = zip(distances, isBroken).sorted { $0.0 < $1.0 }
        rows = ordered.count
        censored = ordered.count { !$0.1 }
        var steps: [Step] = []
        var survival = 1.0
        var index = 0
        while index < ordered.count {
            let distance = ordered[index].0
            var end = index
            var broken = 0
            while end < ordered.count, ordered[end].0 == distance {
                broken += ordered[end].1 ? 1 : 0
                end += 1
            }
            if broken > 0 {
                let atRisk = ordered.count - index
                survival *= 1 - Double(broken) / Double(atRisk)
                steps.append(
                    Step(distance: distance, atRisk: atRisk, broken: broken, survival: survival))
            }
            index = end
        }
        self.steps = steps
    }

    /// The smallest distance at which at most half of the rows are unbroken; nil when more than half
    /// never break.
    public var median: Double? {
        // Products of exact halves may miss 0.5 by a rounding.
        steps.first { $0.survival <= 0.5 + 1e-12 }?.distance
    }

    /// The mean distance if every row counted at most `limit`: the area under the curve up to there.
    public func restrictedMean(to limit: Double) -> Double {
        var area = 0.0
        var (last, survival) = (0.0, 1.0)
        for step in steps where step.distance < limit {
            area += survival * (step.distance - last)
            (last, survival) = (step.distance, step.survival)
        }
        return area + survival * (limit - last)
    }
}
