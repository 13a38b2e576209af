// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A distribution at five places.
public struct Quantiles: Hashable, Sendable {
    public static let shares = [0, 0.25, 0.5, 0.75, 1]

    /// The values at ``shares``, linear between neighbours; empty for no values.
    public let values: [Double]
    public let mean: Double?

    /// NaNs are left out.
    public init(of numbers: [Float]) {
        let sorted = numbers.filter { !$0.isNaN }.sorted().map(Double.init)
        guard let last = sorted.indices.last else {
            (values, mean) = ([], nil)
            return
        }
        values = Self.shares.map { share in
            let position = share * Double(last)
            let index = min(Int(position), last)
            let next = min(index + 1, last)
            return sorted[index] + (position - Double(index)) * (sorted[next] - sorted[index])
        }
        mean = sorted.reduce(0, +) / Double(sorted.count)
    }

    /// `{min, q25, median, q75, max, mean}`; null for no values.
    public var json: JSON {
        guard let mean else { return .null }
        return [
            "min": .number(values[0]), "q25": .number(values[1]), "median": .number(values[2]),
            "q75": .number(values[3]), "max": .number(values[4]), "mean": .number(mean),
        ]
    }
}
