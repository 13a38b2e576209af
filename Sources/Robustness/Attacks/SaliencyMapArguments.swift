// SPDX-License-Identifier: Apache-2.0

/// A change of a pixel that may go down as well as up: `1`, `-1`, `-32/255`.
public struct SignedStep: Hashable, Sendable {
    public let text: String
    public let value: Float

    init(
        arguments: AttackArguments, key: String, default standard: String
    ) throws(RobustnessError) {
        text = arguments.text(key) ?? standard
        let isNegative = text.hasPrefix("-")
        let size = try ExactFraction(parsing: String(text.dropFirst(isNegative ? 1 : 0)))
        guard size.numerator > 0, size.value <= 1 else {
            throw arguments.wrong(
                key, expected: "from -1 to 1 without 0, the width of the pixel box")
        }
        value = Float(isNegative ? -size.value : size.value)
    }
}

/// The most features an attack may change: a number, or a share of all of an image's values.
public struct FeatureCap: Hashable, Sendable {
    public let text: String
    /// nil for a share.
    let fixed: Int?
    /// Of all values.
    private let share: Double

    init(
        arguments: AttackArguments, key: String, default standard: String
    ) throws(RobustnessError) {
        text = arguments.text(key) ?? standard
        if text.hasSuffix("%") {
            fixed = nil
            share = try ExactFraction(parsing: String(text.dropLast())).value / 100
        } else {
            fixed = Int(text)
            share = 0
        }
        guard fixed.map({ (1...1_000_000_000).contains($0) }) ?? (0 < share && share <= 1) else {
            throw arguments.wrong(
                key, expected: "a whole number from 1 to 1000000000 or a share up to 100%")
        }
    }

    /// The cap for images of so many values; shares are rounded down.
    func count(of values: Int) -> Int {
        // 14.29 % of 784 is 112.03: no rounding of the product decides a published cap.
        fixed ?? Int(share * Double(values))
    }
}
