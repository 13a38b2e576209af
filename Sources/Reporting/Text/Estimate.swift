// SPDX-License-Identifier: Apache-2.0

/// A measured share with the interval it is known to.
public struct Estimate: Hashable, Sendable {
    public let value: Double
    public let lower: Double
    public let upper: Double

    public init(_ value: Double, lower: Double, upper: Double) {
        self.value = value
        self.lower = lower
        self.upper = upper
    }

    /// `98.4 %`.
    public var percent: String { NumberText.percent(value) }

    /// `[98.1, 98.6]`, in per cent.
    public var interval: String {
        "[\(NumberText.fixed(lower * 100)), \(NumberText.fixed(upper * 100))]"
    }

    /// `98.4 % [98.1, 98.6]`.
    public var percentWithInterval: String { value.isFinite ? "\(percent) \(interval)" : "-" }
}
