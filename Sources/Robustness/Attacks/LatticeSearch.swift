// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

extension Attack {
    /// Attacks all rows with one search for each, and brings what they find onto `lattice`.
    ///
    /// For attacks that look for the smallest change: they end beside the decision boundary, where
    /// rounding alone undoes most of their examples.
    func craft<Search: RowSearch>(
        _ plan: SearchPlan, onto lattice: PixelLattice?,
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool, makeSearch: @escaping (AttackRow) -> Search
    ) throws(RobustnessError) -> AdversarialResult {
        guard let lattice else {
            return try craft(
                plan, against: classifier, images: images, rowIDs: rowIDs, progress: progress,
                makeSearch: makeSearch)
        }
        try lattice.check(images, rowIDs: rowIDs)
        return try craft(
            plan, against: classifier, images: images, rowIDs: rowIDs, progress: progress
        ) { LatticeSearch(makeSearch($0), lattice: lattice, row: $0) }
    }
}

/// A search whose find is then rounded to a lattice, and tried until the rounded image succeeds: to
/// the nearest levels, to the levels uphill of the example, and ever farther along its change.
///
/// Pixels that the search left alone stay, as the clean image lies on the lattice. What succeeds on
/// no try is a failure, and the row keeps the nearest levels.
struct LatticeSearch<Inner: RowSearch>: RowSearch {
    private var inner: Inner
    private let lattice: PixelLattice
    private let row: AttackRow
    /// What the search found, once it has ended.
    private var found: RowFinding?
    private var result: RowFinding?
    private var nearest: RowFinding?
    private var slopes: [Float] = []
    private var attempt = 0

    /// How far to go along the change from the third try on.
    private static var factors: [Double] { [1.02, 1.05, 1.1, 1.2, 1.5, 2] }

    init(_ inner: Inner, lattice: PixelLattice, row: AttackRow) {
        (self.inner, self.lattice, self.row) = (inner, lattice, row)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        if found == nil {
            if let question = inner.ask(at: point) { return question }
            found = inner.finding
        }
        guard result == nil, let found, let example = found.example else { return nil }
        for (index, pixel) in example.enumerated() {
            point[index] = lattice.value(ofLevel: level(of: pixel, at: index))
        }
        return attempt == 0 && found.status == .success ? .gradients(1) : .logits
    }

    private func level(of pixel: Float, at index: Int) -> Int {
        let centre = Double(row.clean[index])
        let factor = attempt < 2 ? 1 : Self.factors[attempt - 2]
        let exact = (centre + factor * (Double(pixel) - centre)) * Double(lattice.levels)
        let nearest = exact.rounded()
        // A pixel on the lattice has no other level to go to.
        let isBetween = attempt == 1 && abs(exact - nearest) > 1e-4 && slopes[index] != 0
        let level = isBetween ? exact.rounded(slopes[index] > 0 ? .up : .down) : nearest
        return Int(min(max(level, 0), Double(lattice.levels)))
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        guard found != nil else { return inner.writeSeed(index, logits: logits, into: seed) }
        AttackLoss.logOdds.gradient(
            of: logits.values, classCount: logits.classCount, goal: row.goal, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        guard let found else { return inner.hear(answer) }
        // As much of a lead as other searches ask for: rounding may end on the boundary as well.
        let logits = answer.logits
        let lead = row.target.map { logits.margin(of: $0) } ?? -logits.margin(of: row.label)
        let succeeds = logits.isFinite && lead > logits.lastingLead
        var finding = found
        finding.example = Array(UnsafeBufferPointer(start: answer.point, count: row.count))
        finding.margin = answer.logits.margin(of: row.label)
        if succeeds {
            finding.status = .success
            result = finding
        } else if found.status != .success {
            result = finding
        } else {
            if attempt == 0 {
                finding.status = .failed
                nearest = finding
                slopes = Array(UnsafeBufferPointer(start: answer.gradient(), count: row.count))
            }
            attempt += 1
            if attempt == 2 + Self.factors.count { result = nearest }
        }
    }

    var finding: RowFinding { result ?? found ?? inner.finding }
}
