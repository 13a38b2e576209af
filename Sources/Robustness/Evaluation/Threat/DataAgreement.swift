// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Whether a set's clean rows are the rows of the data set they claim to be.
public struct DataAgreement: Hashable, Sendable {
    /// The data set's name.
    public let name: String
    /// Row numbers that the data set does not have, or whose label or pixels differ from its own.
    public let missing: [Int]
    public let wrongLabels: [Int]
    public let wrongPixels: [Int]
    /// Rows of ``wrongPixels`` whose image is another row of the data.
    public let moved: [Int]
    /// Whether the labels are those of the data in another order.
    public let labelsArePermuted: Bool

    public var isComplete: Bool { missing.isEmpty && wrongLabels.isEmpty && wrongPixels.isEmpty }

    /// Compares every clean row of `set`, exactly, with its row of `data`.
    ///
    /// - Parameter firstRow: the number in ``AdversarialSet/rowIDs`` of the data's first row.
    /// - Throws: ``RobustnessError`` when the images have different shapes.
    public init(
        of set: AdversarialSet, with data: LabelledImages, name: String = "data", firstRow: Int = 0
    ) throws(RobustnessError) {
        let shape = Array(set.clean.shape.dimensions.dropFirst())
        guard shape == data.imageShape.dimensions else {
            throw RobustnessError(
                .data,
                "the set '\(set.name)' has images of shape \(Shape(trusted: shape)), the data \(data.imageShape)"
            )
        }
        let (stored, original) = (
            FloatBuffer(count: set.pixelCount), FloatBuffer(count: set.pixelCount)
        )
        var (missing, wrongLabels, wrongPixels): ([Int], [Int], [Int]) = ([], [], [])
        var (found, expected): ([Int], [Int]) = ([], [])
        var differing: [Int] = []
        for (row, rowID) in set.rowIDs.enumerated() {
            let place = rowID - firstRow
            guard (0..<data.count).contains(place) else {
                missing.append(rowID)
                continue
            }
            found.append(set.labels[row])
            expected.append(data.labels[place])
            if set.labels[row] != data.labels[place] { wrongLabels.append(rowID) }
            set.clean.copyPixels(row..<(row + 1), to: stored.pointer(at: 0))
            data.copyPixels(ofRow: place, to: original.pointer(at: 0))
            if !Self.isSame(stored, original) {
                wrongPixels.append(rowID)
                differing.append(row)
            }
        }
        self.name = name
        (self.missing, self.wrongLabels, self.wrongPixels) = (missing, wrongLabels, wrongPixels)
        labelsArePermuted = !wrongLabels.isEmpty && found.sorted() == expected.sorted()
        moved = Self.moved(differing, of: set, in: data)
    }

    /// Divisions by 255 may be one rounding apart.
    private static func isSame(_ left: FloatBuffer, _ right: FloatBuffer) -> Bool {
        zip(left.values, right.values).allSatisfy { abs($0 - $1) <= 1e-6 }
    }

    /// Which rows hold the image of another row of the data, by the nearest 8-bit levels.
    private static func moved(
        _ rows: [Int], of set: AdversarialSet, in data: LabelledImages
    ) -> [Int] {
        guard !rows.isEmpty else { return [] }
        let buffer = FloatBuffer(count: set.pixelCount)
        func key() -> Int {
            var hasher = Hasher()
            for value in buffer.values { hasher.combine((value * 255).rounded()) }
            return hasher.finalize()
        }
        var known: Set<Int> = []
        for row in 0..<data.count {
            data.copyPixels(ofRow: row, to: buffer.pointer(at: 0))
            known.insert(key())
        }
        return rows.filter { row in
            set.clean.copyPixels(row..<(row + 1), to: buffer.pointer(at: 0))
            return known.contains(key())
        }.map { set.rowIDs[$0] }
    }

    /// What a reader must know of the disagreement; empty for none.
    func defects(_ set: AdversarialSet) -> [SetDefect] {
        var defects: [SetDefect] = []
        let held = set.count - missing.count
        if !missing.isEmpty {
            defects.append(
                SetDefect(
                    .rowsOutsideData, rowIDs: missing,
                    "\(missing.count) rows have numbers that \(name) does not have"))
        }
        if !moved.isEmpty {
            defects.append(
                SetDefect(
                    .permutedRows, rowIDs: moved,
                    "\(moved.count) rows hold the clean image of another row of \(name): the rows are in another order than their numbers say"
                ))
        }
        let changed = wrongPixels.filter { !moved.contains($0) }
        if !changed.isEmpty {
            let isOther = changed.count == held && held > 0
            defects.append(
                SetDefect(
                    isOther ? .otherData : .wrongPixels, rowIDs: changed,
                    isOther
                        ? "no clean image is the row of \(name) that it claims to be: the set was made from other data"
                        : "\(changed.count) clean images are not the rows of \(name) that they claim to be"
                ))
        }
        if !wrongLabels.isEmpty {
            defects.append(
                SetDefect(
                    labelsArePermuted ? .permutedLabels : .wrongLabels, rowIDs: wrongLabels,
                    labelsArePermuted
                        ? "\(wrongLabels.count) labels differ from \(name), which has the same labels in another order: the labels are permuted"
                        : "\(wrongLabels.count) labels differ from those of \(name)"))
        }
        return defects
    }

    /// `{agrees, data, missing, wrong_labels, wrong_pixels, moved}`, row numbers.
    public var json: JSON {
        [
            "agrees": .bool(isComplete), "data": .string(name),
            "missing": .array(missing.map { .integer($0) }),
            "wrong_labels": .array(wrongLabels.map { .integer($0) }),
            "wrong_pixels": .array(wrongPixels.map { .integer($0) }),
            "moved": .array(moved.map { .integer($0) }),
        ]
    }
}
