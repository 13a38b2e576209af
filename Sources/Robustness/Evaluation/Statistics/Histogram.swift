// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Counts between given edges, with a bin of its own for values that are exactly zero.
public struct Histogram: Hashable, Sendable {
    /// Ascending. Bin i holds edges[i] <= value < edges[i + 1].
    public let edges: [Double]
    /// Values that are exactly 0.
    public let zeros: Int
    /// Nonzero values below the first edge.
    public let below: Int
    /// One less than there are edges.
    public let counts: [Int]
    /// Values from the last edge on.
    public let above: Int

    /// NaNs are left out.
    public init(of values: [Double], edges: [Double]) {
        self.edges = edges
        var (zeros, below, above) = (0, 0, 0)
        var counts = [Int](repeating: 0, count: max(edges.count - 1, 0))
        for value in values where !value.isNaN {
            if value == 0 {
                zeros += 1
            } else if let next = edges.firstIndex(where: { $0 > value }) {
                if next == 0 { below += 1 } else { counts[next - 1] += 1 }
            } else {
                above += 1
            }
        }
        (self.zeros, self.below, self.counts, self.above) = (zeros, below, counts, above)
    }

    public var total: Int { zeros + below + counts.reduce(0, +) + above }

    /// `{edges, zeros, below, counts, above}`.
    public var json: JSON {
        [
            "edges": .array(edges.map { .number($0) }), "zeros": .integer(zeros),
            "below": .integer(below), "counts": .array(counts.map { .integer($0) }),
            "above": .integer(above),
        ]
    }
}
