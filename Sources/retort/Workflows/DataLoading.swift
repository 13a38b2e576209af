// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors

/// A data set named on the command line, resolved and loaded; `store:` is answered by a store.
struct LoadedData {
    /// The canonical text, kept as the data reference in metadata.
    let specification: DataSpecification
    let sets: ImageDataSet

    /// Both parts, for training.
    init(_ text: String) throws {
        specification = try DataSpecification.parse(text)
        if let stored = try specification.storedImages() {
            let whole = ImageDataSet(train: stored, test: nil)
            let rows = try specification.select(from: whole)
            sets = ImageDataSet(train: rows, test: nil)
        } else {
            sets = try specification.load()
        }
    }

    var train: LabelledImages { sets.train }
    /// Nil when the set has only one part, so that nothing independent is left to test on.
    var test: LabelledImages? { sets.test }
}

/// Rows of one part, for labelling and attacking, with their numbers in the data set.
struct LoadedRows {
    let specification: DataSpecification
    let images: LabelledImages
    let rowIDs: [Int]

    /// - Parameter count: the most rows to take, from the first.
    init(_ text: String, part: ImageDataSet.Part, count: Int? = nil) throws {
        specification = try DataSpecification.parse(text)
        var rows: LabelledImages
        if let stored = try specification.storedImages() {
            rows = try specification.select(from: ImageDataSet(train: stored, test: nil))
        } else {
            rows = try specification.loadRows(defaultingTo: part)
        }
        if let count {
            guard (1...rows.count).contains(count) else {
                throw Failure("\(specification): has \(rows.count) rows, asked for \(count)")
            }
            rows = try rows.rows(0..<count)
        }
        images = rows
        let first = specification.selection?.lowerBound ?? 0
        rowIDs = Array(first..<(first + rows.count))
    }
}

extension DataSpecification {
    /// The images of a `store:FILE#NAME` source; nil for all others.
    fileprivate func storedImages() throws -> LabelledImages? {
        guard case .store(let file, let name) = source else { return nil }
        return try Store.open(path: file).dataset(named: name).images()
    }
}
