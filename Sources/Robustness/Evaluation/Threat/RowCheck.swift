// SPDX-License-Identifier: Apache-2.0

/// One example measured against its clean image.
struct RowCheck: Sendable {
    /// In the threat model's norm, in double precision; NaN where a pixel is not finite.
    let distance: Double
    let euclidean: Double
    /// Values that changed at all.
    let changed: Int
    /// The largest change upwards and downwards, both at least 0.
    let increase: Double
    let decrease: Double
    let lowest: Float
    let highest: Float
    let cleanLowest: Float
    let cleanHighest: Float
    /// Values that are exactly 0 or 1.
    let saturated: Int
    let isFinite: Bool
    let isCleanFinite: Bool
    /// All values of the example, or of the clean image, lie on k/255.
    let isOnGrid: Bool
    let isCleanOnGrid: Bool

    var isUnchanged: Bool { isFinite && changed == 0 }
    /// Every pixel has one value, and the clean image has not.
    var isConstant: Bool { isFinite && lowest == highest && cleanLowest != cleanHighest }

    init(
        clean: UnsafePointer<Float>, adversarial: UnsafePointer<Float>, count: Int, norm: Norm
    ) {
        var (own, base) = (PixelScan(), PixelScan())
        var (saturated, changed) = (0, 0)
        var (increase, decrease) = (0.0, 0.0)
        for index in 0..<count {
            let (value, original) = (adversarial[index], clean[index])
            own.add(value)
            base.add(original)
            saturated += value == 0 || value == 1 ? 1 : 0
            guard value != original else { continue }
            changed += 1
            let change = Double(value) - Double(original)
            increase = max(increase, change)
            decrease = max(decrease, -change)
        }
        (lowest, highest) = (own.lowest, own.highest)
        (cleanLowest, cleanHighest) = (base.lowest, base.highest)
        (self.saturated, self.changed) = (saturated, changed)
        (self.increase, self.decrease) = (increase, decrease)
        isCleanFinite = base.isFinite
        isFinite = own.isFinite && base.isFinite
        (isOnGrid, isCleanOnGrid) = (own.isOnGrid, base.isOnGrid)
        distance =
            isFinite
            ? ThreatModel.distance(norm, clean, adversarial, count: count) : .nan
        euclidean =
            isFinite
            ? ThreatModel.squaredDifference(clean, adversarial, count: count).squareRoot() : .nan
    }

    /// What is wrong with the example; nil when it obeys the threat model.
    func violation(of threatModel: ThreatModel) -> (SetDefect.Kind, String)? {
        guard isFinite else { return nil }
        // One ulp of a `Float` at 1, for sums of other tools.
        let slack = Float.ulpOfOne
        if lowest < -slack || highest > 1 + slack {
            return (.outsideBox, "values from \(lowest) to \(highest) leave the box 0...1")
        }
        if isConstant {
            return (
                .constantRows,
                lowest == 0
                    ? "every pixel is 0: the blank image of a failed attack, not an example"
                    : "every pixel is \(lowest): a blank image, not an example"
            )
        }
        if distance > threatModel.tolerated {
            return (.beyondEpsilon, "distance \(distance) is above \(threatModel.description)")
        }
        return nil
    }
}

/// What one image's values are like.
private struct PixelScan {
    var (lowest, highest) = (Float.infinity, -Float.infinity)
    var isFinite = true
    var isOnGrid = true

    @inline(__always)
    mutating func add(_ value: Float) {
        lowest = value < lowest ? value : lowest
        highest = value > highest ? value : highest
        let level = value * 255
        // Roundings of `Float` leave a level within 3e-5; a value off the grid meets 1e-3 by a
        // chance of 1 in 500, an image of them never.
        let isLevel = abs(level - level.rounded()) < 1e-3
        isOnGrid = isOnGrid && isLevel
        isFinite = isFinite && value.isFinite
    }
}
