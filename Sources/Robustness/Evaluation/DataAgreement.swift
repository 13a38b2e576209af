// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Whether a set's clean rows are the rows of the data set they claim to be.
public struct DataAgreement: Hashable, Sendable {
    /// Row numbers that the data set does not have, or whose label or pixels differ from its own.
    public let missing: [Int]
    public let wrongLabels: [Int]
    public let wrongPixels: [Int]

    public var isComplete: Bool { missing.isEmpty && wrongLabels.isEmpty && wrongPixels.isEmpty }

    /// Compares every clean row of `set`, exactly, with row ``AdversarialSet/rowIDs`` of `data`.
    ///
    /// - Throws: ``RobustnessError`` when the images have different shapes.
    public init(of set: AdversarialSet, with data: LabelledImages) throws(RobustnessError) {
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
        for (row, rowID) in set.rowIDs.enumerated() {
            guard rowID < data.count else {
                missing.append(rowID)
                continue
            }
            if set.labels[row] != data.labels[rowID] { wrongLabels.append(rowID) }
            set.clean.copyPixels(row..<(row + 1), to: stored.pointer(at: 0))
            data.copyPixels(ofRow: rowID, to: original.pointer(at: 0))
            if !stored.values.elementsEqual(original.values) { wrongPixels.append(rowID) }
        }
        (self.missing, self.wrongLabels, self.wrongPixels) = (missing, wrongLabels, wrongPixels)
    }

    /// `{agrees, missing, wrong_labels, wrong_pixels}`, row numbers.
    public var json: JSON {
        [
            "agrees": .bool(isComplete),
            "missing": .array(missing.map { .integer($0) }),
            "wrong_labels": .array(wrongLabels.map { .integer($0) }),
            "wrong_pixels": .array(wrongPixels.map { .integer($0) }),
        ]
    }
}
