// SPDX-License-Identifier: Apache-2.0

/// Whether the rows of a set obey the threat model they claim, re-derived from the pixels.
public struct ThreatCheck: Sendable {
    /// A row that does not count as attacked.
    public struct Violation: Hashable, Sendable {
        public let rowID: Int
        /// Why, with the numbers.
        public let reason: String
    }

    /// Rows outside the ball or the box, beyond the tolerance.
    public let violations: [Violation]
    /// Rows with pixels or logits that are not finite.
    public let rejected: [Violation]
    /// Rows above epsilon in exact terms but within the tolerance.
    public let withinTolerance: Int
    /// Over all finite rows; nil when there are none.
    public let maximalDistance: Double?
    public let meanDistance: Double?
    /// Rows that are bit for bit their clean image: nothing was tried or nothing was kept.
    public let unchangedRows: Int
    /// Share of the values of all finite examples that are 0 or 1.
    public let saturatedShare: Double
}

/// Measures one example against its clean image.
struct RowCheck {
    let distance: Double
    let lowest: Float
    let highest: Float
    let saturated: Int
    let isFinite: Bool
    let isUnchanged: Bool

    init(
        clean: UnsafePointer<Float>, adversarial: UnsafePointer<Float>, count: Int, norm: Norm
    ) {
        var (lowest, highest) = (Float.infinity, -Float.infinity)
        var (saturated, changed) = (0, 0)
        var isFinite = true
        for index in 0..<count {
            let value = adversarial[index]
            isFinite = isFinite && value.isFinite && clean[index].isFinite
            lowest = value < lowest ? value : lowest
            highest = value > highest ? value : highest
            saturated += value == 0 || value == 1 ? 1 : 0
            changed += value != clean[index] ? 1 : 0
        }
        self.lowest = lowest
        self.highest = highest
        self.saturated = saturated
        self.isFinite = isFinite
        isUnchanged = changed == 0
        distance =
            isFinite
            ? ThreatModel.distance(norm, clean, adversarial, count: count) : .nan
    }

    /// What is wrong with the example; nil when it obeys the threat model.
    func violation(of threatModel: ThreatModel) -> String? {
        if distance > threatModel.tolerated {
            return "distance \(distance) is above \(threatModel.description)"
        }
        // One ulp of a `Float` at 1, for sums of other tools.
        let slack = Float.ulpOfOne
        if lowest < -slack || highest > 1 + slack {
            return "values from \(lowest) to \(highest) leave the box 0...1"
        }
        return nil
    }
}
