// SPDX-License-Identifier: Apache-2.0

/// Finds room for a label among curves and other labels.
struct LabelPlacement {
    /// A line of small text.
    struct Box {
        let left: Double
        /// The text's base line.
        let bottom: Double
        let width: Double

        func overlaps(_ other: Box) -> Bool {
            left < other.left + other.width + 6 && other.left < left + width + 6
                && abs(bottom - other.bottom) < 13
        }
    }

    var curves: [[(x: Double, y: Double)]] = []
    var labels: [Box] = []

    /// The first of the places that hide least.
    func best(of places: [Box]) -> Box? {
        places.min { hidden(by: $0) < hidden(by: $1) }
    }

    /// How many of the points along all curves lie under a label; another label weighs more than
    /// any curve.
    func hidden(by box: Box) -> Int {
        let columns = (box.left - 4)...(box.left + box.width + 4)
        let rows = (box.bottom - 13)...(box.bottom + 5)
        let crossings = curves.reduce(0) { total, curve in
            total
                + zip(curve, curve.dropFirst() + curve.suffix(1)).reduce(0) { count, ends in
                    count
                        + (0..<40).count { step in
                            let part = Double(step) / 40
                            return columns.contains(ends.0.x + part * (ends.1.x - ends.0.x))
                                && rows.contains(ends.0.y + part * (ends.1.y - ends.0.y))
                        }
                }
        }
        return crossings + 1_000 * labels.count { $0.overlaps(box) }
    }
}
