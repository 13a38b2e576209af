// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How large a window Square changes at each query (Andriushchenko, Croce, Flammarion and Hein,
/// "Square attack: a query-efficient black-box adversarial attack via random search", 2020,
/// section 5.1).
struct SquareSchedule: Sendable {
    /// After how many of 10,000 queries the share halves.
    private static let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]

    /// The share of the pixels that the first windows cover.
    let share: Double
    let queries: Int
    /// Whether the halvings, which the paper gives for 10,000 queries, are moved to the same places
    /// of a shorter or longer search.
    let isRescaled: Bool

    /// The share of the pixels changed by the window after `query` others.
    func share(at query: Int) -> Double {
        let place = isRescaled ? query * 10_000 / queries : query
        let halvings = Self.halvings.count { place > $0 }
        return share / Double(1 << halvings)
    }

    /// The side of the window after `query` others, for images of height x width pixels.
    ///
    /// - Parameter isOdd: for l2, whose windows are odd and at least 3 wide.
    func side(at query: Int, height: Int, width: Int, isOdd: Bool) -> Int {
        let pixels = share(at: query) * Double(height * width)
        var side = Int(pixels.squareRoot().rounded(.toNearestOrEven))
        let largest = min(height, width)
        guard isOdd else { return min(max(side, 1), largest) }
        side = max(side, 3)
        if side.isMultiple(of: 2) { side += 1 }
        if side > largest { side = largest.isMultiple(of: 2) ? max(largest - 1, 1) : largest }
        return side
    }
}
