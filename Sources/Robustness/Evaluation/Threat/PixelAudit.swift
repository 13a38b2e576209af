// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What is wrong with the pixels of a set.
struct PixelAudit {
    private let set: AdversarialSet
    private let rows: [RowCheck]
    private let violations: [(SetDefect.Kind, String)?]

    init(
        _ set: AdversarialSet, _ rows: [RowCheck], _ violations: [(SetDefect.Kind, String)?]
    ) {
        self.set = set
        self.rows = rows
        self.violations = violations
    }

    var defects: [SetDefect] {
        let shape = set.adversarial.shape.dimensions
        var defects: [SetDefect] = []
        if [1, 3].contains(shape[3]), shape[1] == shape[2], shape[1] > 4 {
            defects.append(
                SetDefect(
                    .axesLast,
                    "images have the shape \(shape[1]) x \(shape[2]) x \(shape[3]), which is height, width, channels; expected channels first"
                ))
        }
        return defects + finiteness + box + blanks + distances + truncation + unchanged
    }

    private func rowIDs(where condition: (RowCheck) -> Bool) -> [Int] {
        zip(set.rowIDs, rows).compactMap { condition($1) ? $0 : nil }
    }

    private func rowIDs(breaking kind: SetDefect.Kind) -> [Int] {
        zip(set.rowIDs, violations).compactMap { $1?.0 == kind ? $0 : nil }
    }

    private var finiteness: [SetDefect] {
        let examples = rowIDs { !$0.isFinite && $0.isCleanFinite }
        let clean = rowIDs { !$0.isCleanFinite }
        var defects: [SetDefect] = []
        if !examples.isEmpty {
            defects.append(
                SetDefect(
                    .notFinitePixels, rowIDs: examples,
                    "\(examples.count) examples have pixels that are NaN or infinite, which pass every comparison with a bound; expected finite numbers"
                ))
        }
        if !clean.isEmpty {
            defects.append(
                SetDefect(
                    .notFiniteClean, rowIDs: clean,
                    "\(clean.count) clean images have pixels that are NaN or infinite, expected finite numbers"
                ))
        }
        return defects
    }

    /// Pixels outside 0...1, and what scale they look like.
    private var box: [SetDefect] {
        var defects: [SetDefect] = []
        let outside = rowIDs(breaking: .outsideBox)
        let low = rows.map(\.lowest).min() ?? 0
        let high = rows.map(\.highest).max() ?? 1
        if !outside.isEmpty {
            defects.append(
                Self.box("examples", low, high, outside, of: rows.filter(\.isFinite).count))
        }
        let slack = Float.ulpOfOne
        let clean = rowIDs {
            $0.isCleanFinite && ($0.cleanLowest < -slack || $0.cleanHighest > 1 + slack)
        }
        if !clean.isEmpty {
            let low = rows.map(\.cleanLowest).min() ?? 0
            let high = rows.map(\.cleanHighest).max() ?? 1
            defects.append(Self.box("clean images", low, high, clean, of: rows.count))
        }
        return defects
    }

    private static func box(
        _ what: String, _ low: Float, _ high: Float, _ outside: [Int], of count: Int
    ) -> SetDefect {
        let found = "\(outside.count) \(what) have values from \(low) to \(high)"
        if high > 16, low > -16 {
            return SetDefect(
                .bytePixels, rowIDs: outside,
                "\(found): pixels of 0...255, expected 0...1 with epsilon in the same units")
        }
        if low < -0.1, outside.count * 2 > count {
            return SetDefect(
                .normalisedPixels, rowIDs: outside,
                "\(found): normalised pixels, expected 0...1 (mean and deviation belong to the model)"
            )
        }
        return SetDefect(.outsideBox, rowIDs: outside, "\(found), outside the box 0...1")
    }

    private var blanks: [SetDefect] {
        let blank = rowIDs(breaking: .constantRows)
        guard !blank.isEmpty else { return [] }
        let black = rowIDs { $0.isConstant && $0.lowest == 0 }.count
        return [
            SetDefect(
                .constantRows, rowIDs: blank,
                "\(blank.count) examples have one value in every pixel (\(black) are all zero): what tools return where an attack such as Carlini and Wagner's failed"
            )
        ]
    }

    private var distances: [SetDefect] {
        let beyond = rowIDs(breaking: .beyondEpsilon)
        guard !beyond.isEmpty else { return [] }
        let largest = rows.map(\.distance).filter { !$0.isNaN }.max() ?? .nan
        return [
            SetDefect(
                .beyondEpsilon, rowIDs: beyond,
                "\(beyond.count) examples are further from their clean image than \(set.threatModel.description), the largest distance is \(largest)"
            )
        ]
    }

    /// Saved as 8-bit integers by truncation: every value on k/255, and changes downwards reach one
    /// or two levels further than changes upwards, because truncation moves all values down.
    private var truncation: [SetDefect] {
        let finite = rows.filter(\.isFinite)
        guard set.threatModel.norm == .linf, !finite.isEmpty,
            finite.allSatisfy({ $0.isOnGrid && $0.isCleanOnGrid })
        else { return [] }
        let up = (finite.map(\.increase).max() ?? 0) * 255
        let down = (finite.map(\.decrease).max() ?? 0) * 255
        guard up > 0, (0.5...2.5).contains(down - up) else { return [] }
        return [
            SetDefect(
                .truncated,
                "all values lie on k/255, and pixels went down by up to \(Int(down.rounded()))/255 but up by at most \(Int(up.rounded()))/255: examples truncated to 8 bits, expected the floats of the attack or rounding inside the ball"
            )
        ]
    }

    private var unchanged: [SetDefect] {
        let same = rowIDs(where: \.isUnchanged)
        guard !same.isEmpty else { return [] }
        if same.count == rows.count {
            return [
                SetDefect(
                    .allUnchanged, rowIDs: same,
                    "all \(same.count) examples are bit for bit their clean image: clean rows passed as adversarial"
                )
            ]
        }
        let statuses = set.claims.statuses
        guard statuses.count == rows.count else { return [keptClean(same)] }
        let claimed = rows.indices.filter { rows[$0].isUnchanged && statuses[$0] == "success" }
        guard !claimed.isEmpty else { return [keptClean(same)] }
        return [
            SetDefect(
                .unchangedSuccess, rowIDs: claimed.map { set.rowIDs[$0] },
                "\(claimed.count) examples called a success are bit for bit their clean image: clean rows passed as adversarial"
            ), keptClean(same),
        ]
    }

    private func keptClean(_ rowIDs: [Int]) -> SetDefect {
        SetDefect(
            .keptClean, rowIDs: rowIDs,
            "\(rowIDs.count) of \(rows.count) examples are their clean image, as attacks return rows they did not break; on another model those rows are not attacked at all"
        )
    }
}
