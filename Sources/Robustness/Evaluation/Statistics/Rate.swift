// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A share of rows, with its denominator and its uncertainty.
public struct Rate: Hashable, Sendable {
    public let count: Int
    public let total: Int

    public init(_ count: Int, of total: Int) {
        self.count = count
        self.total = total
    }

    /// nil for a share of no rows.
    public var value: Double? { total == 0 ? nil : Double(count) / Double(total) }

    /// Wilson's score interval at 95 % (Wilson, "Probable inference, the law of succession, and
    /// statistical inference", JASA 22, 1927): stays inside [0, 1] and is honest at 0 and 1.
    /// For a share of no rows it is [0, 1].
    public var interval: ClosedRange<Double> {
        guard let p = value else { return 0...1 }
        let n = Double(total)
        // The 97.5 % quantile of the standard normal distribution.
        let z = 1.959_963_984_540_054
        let shrink = 1 + z * z / n
        let centre = (p + z * z / (2 * n)) / shrink
        let half = z / shrink * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        // At the ends the formula meets the bound exactly; rounding may miss it.
        let lower = count == 0 ? 0 : max(0, centre - half)
        let upper = count == total ? 1 : min(1, centre + half)
        return lower...upper
    }

    /// The share as a number, null for a share of no rows.
    var json: JSON { value.map { .number($0) } ?? .null }
    var intervalJSON: JSON { [.number(interval.lowerBound), .number(interval.upperBound)] }
}
