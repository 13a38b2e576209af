// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Robustness
import Tensors

/// The images an attack works on.
struct CraftingRows {
    let images: LabelledImages
    /// Their numbers in the data set.
    let rowIDs: [Int]
    /// Of the data set that a set made from them refers to.
    let dataDigest: Digest
    /// As the user named it.
    let dataName: String

    var count: Int { images.count }

    init(images: LabelledImages, rowIDs: [Int], dataDigest: Digest, dataName: String) {
        self.images = images
        self.rowIDs = rowIDs
        self.dataDigest = dataDigest
        self.dataName = dataName
    }

    /// - Parameter count: the most rows to attack, from the first; nil for all.
    init(_ data: String, count: Int? = nil) throws {
        let rows = try LoadedRows(data, part: .test, count: count)
        self.init(
            images: rows.images, rowIDs: rows.rowIDs, dataDigest: rows.images.digest(),
            dataName: rows.specification.description)
    }

    /// Some of the rows, as rows of the same data set.
    func choosing(_ positions: [Int]) throws -> CraftingRows {
        let rowBytes = images.count == 0 ? 0 : images.images.byteCount / images.count
        let shape = [positions.count] + images.imageShape.dimensions
        let chosen = try Tensor(images.images.elementType, shape: Shape(shape)) { output in
            images.images.withUnsafeBytes { bytes in
                for (index, position) in positions.enumerated() {
                    let row = UnsafeRawBufferPointer(
                        rebasing: bytes[(position * rowBytes)..<((position + 1) * rowBytes)])
                    UnsafeMutableRawBufferPointer(
                        rebasing: output[(index * rowBytes)..<((index + 1) * rowBytes)]
                    ).copyMemory(from: row)
                }
            }
        }
        return CraftingRows(
            images: try LabelledImages(
                images: chosen, labels: positions.map { images.labels[$0] },
                classCount: images.classCount, classNames: images.classNames),
            rowIDs: positions.map { rowIDs[$0] }, dataDigest: dataDigest, dataName: dataName)
    }
}

/// A set that was made, as its record tells.
struct CraftingOutcome {
    let name: String
    let digest: Digest
    let sourceDigest: Digest
    let rows: Int
    let succeeded: Int
    /// Rows that were right when clean and not skipped.
    let attacked: Int
    private let metadata: JSON

    init(_ set: Checkpoints.AdversarialSet) {
        self.init(
            name: set.name, digest: set.digest, sourceDigest: set.sourceDigest,
            metadata: set.metadata)
    }

    init(name: String, digest: Digest, sourceDigest: Digest, metadata: JSON) {
        self.name = name
        self.digest = digest
        self.sourceDigest = sourceDigest
        self.metadata = metadata
        let counts = metadata["status_counts"]
        func count(_ status: AdversarialResult.Status) -> Int {
            counts?[status.name]?.integerValue ?? 0
        }
        succeeded = count(.success)
        attacked = count(.success) + count(.failed) + count(.noPair)
        rows = AdversarialResult.Status.allCases.reduce(0) { $0 + count($1) }
    }

    /// The attack's canonical text.
    var attack: String { metadata["attack"]?["text"]?.stringValue ?? "unknown" }
    private var seconds: Double { metadata["cost"]?["wall_seconds"]?.doubleValue ?? 0 }
    var imagesPerSecond: Double { Double(rows) / max(seconds, 1e-9) }

    var json: JSON {
        [
            "set": .string(name), "digest": .string(digest.hexadecimal),
            "source_digest": .string(sourceDigest.hexadecimal),
            "attack": metadata["attack"] ?? .null,
            "threat_model": metadata["threat_model"] ?? .null,
            "rows": .integer(rows), "attacked": .integer(attacked),
            "succeeded": .integer(succeeded), "images_per_second": .number(imagesPerSecond),
            "gradients": metadata["cost"]?["gradients"] ?? .null, "seconds": .number(seconds),
        ]
    }
}
