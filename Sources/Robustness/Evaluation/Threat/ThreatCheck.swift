// SPDX-License-Identifier: Apache-2.0

/// Whether the rows of a set obey the threat model they claim, re-derived from the pixels.
public struct ThreatCheck: Sendable {
    /// A row that does not count as attacked.
    public struct Violation: Hashable, Sendable {
        public let rowID: Int
        public let kind: SetDefect.Kind
        /// Why, with the numbers.
        public let reason: String
    }

    /// Rows outside the ball or the box, beyond the tolerance, and blank ones.
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

    /// - Parameter hasFiniteLogits: of each row.
    init(_ audit: SetAudit, hasFiniteLogits: [Bool]) {
        let set = audit.set
        let finite = audit.rows.filter(\.isFinite)
        let distances = finite.map(\.distance)
        let bound = set.threatModel.epsilon?.valueRoundedDown ?? .infinity
        var (violations, rejected): ([Violation], [Violation]) = ([], [])
        var withinTolerance = 0
        for (row, check) in audit.rows.enumerated() {
            let rowID = set.rowIDs[row]
            if !check.isFinite {
                let what = check.isCleanFinite ? "pixels" : "clean pixels"
                rejected.append(
                    .init(
                        rowID: rowID,
                        kind: check.isCleanFinite ? .notFinitePixels : .notFiniteClean,
                        reason: "\(what) that are not finite"))
            } else if !hasFiniteLogits[row] {
                rejected.append(
                    .init(
                        rowID: rowID, kind: .notFiniteLogits, reason: "logits that are not finite"))
            } else if let (kind, reason) = audit.violations[row] {
                violations.append(.init(rowID: rowID, kind: kind, reason: reason))
            } else if check.distance > bound {
                withinTolerance += 1
            }
        }
        self.violations = violations
        self.rejected = rejected
        self.withinTolerance = withinTolerance
        maximalDistance = distances.max()
        meanDistance =
            distances.isEmpty ? nil : distances.reduce(0, +) / Double(distances.count)
        unchangedRows = finite.count { $0.isUnchanged }
        let values = finite.count * set.pixelCount
        saturatedShare =
            values == 0
            ? 0 : Double(finite.reduce(0) { $0 + $1.saturated }) / Double(values)
    }
}
