// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors

/// Storing logits that another tool computed: what `retort import --as soft-labels` does.
struct ForeignLabelsImport {
    let file: String
    let store: String
    let name: String
    /// The rows that the logits are for; may be left out when the file has their digests.
    var data: String?
    /// The teacher; nil when it is in no store.
    var checkpoint: String?
    /// F16 or F32.
    var precision = ElementType.f16
    var array: String?

    struct Outcome {
        let name: String
        let digest: Digest
        let teacherDigest: Digest
        let rows: Int
        let classCount: Int
        /// Share of rows where the largest logit is the label; nil without data.
        let agreement: Double?

        var json: JSON {
            [
                "soft_labels": .string(name), "digest": .string(digest.hexadecimal),
                "teacher_digest": teacherDigest == Reference.unnamedModel
                    ? .null : .string(teacherDigest.hexadecimal),
                "rows": .integer(rows), "classes": .integer(classCount),
                "teacher_accuracy": agreement.map { .number($0) } ?? .null,
            ]
        }
    }

    func run() throws -> Outcome {
        let found = try ForeignLogits.read(file, array: array)
        let record = found.metadata[ForeignRecord.key]
        let rows = try data.map { try LoadedRows($0, part: .train) }
        let count = found.logits.shape[0]
        let (rowIndex, digests, dataDigest) = try identity(of: found, rows: rows)
        let teacher = try checkpoint.map {
            try Store.open(path: store).checkpoint(named: $0).digest
        }
        let stated = try record?["teacher_digest"]?.stringValue.map { try Digest(hexadecimal: $0) }
        if let teacher, let stated, teacher != stated {
            throw Failure(
                "\(file): holds the logits of \(stated.short), but checkpoint "
                    + "'\(checkpoint ?? "")' is \(teacher.short)")
        }
        let writer = try StoreWriter.openOrCreate(path: store)
        defer { writer.close() }
        try writer.requireFree(.softLabels, name)
        var metadata = found.metadata
        metadata[ForeignRecord.key] = nil
        if record == nil {
            metadata["imported_from"] = .string(
                file.split(separator: "/").last.map(String.init) ?? file)
        }
        if let rows { metadata["data"] = .string(rows.specification.description) }
        if let checkpoint { metadata["teacher"] = .string(checkpoint) }
        let teacherDigest = teacher ?? stated ?? Reference.unnamedModel
        let digest = try writer.append(
            softLabels: SoftLabelsContent(
                logits: found.logits, precision: precision, rowIndex: rowIndex,
                rowDigests: digests, teacherDigest: teacherDigest, dataDigest: dataDigest,
                augmentationSeed: record?["augmentation_seed"]?.stringValue.flatMap(UInt64.init),
                metadata: .object(metadata)), named: name)
        try writer.commit()
        return Outcome(
            name: name, digest: digest, teacherDigest: teacherDigest, rows: count,
            classCount: found.logits.shape[1],
            agreement: try rows.map { try Self.agreement(found.logits, $0.images.labels) })
    }

    /// Which rows the logits are for: row numbers, digests of their pixels, digest of the data.
    private func identity(
        of found: ForeignLogits, rows: LoadedRows?
    ) throws -> ([Int], Tensor, Digest) {
        let count = found.logits.shape[0]
        guard let rows else {
            guard let index = found.rowIndex, let digests = found.rowDigests,
                let data = found.metadata[ForeignRecord.key]?["data_digest"]?.stringValue
            else {
                throw Failure(
                    "\(file): does not say which rows its logits are for, expected --data to name "
                        + "them")
            }
            return (index, digests, try Digest(hexadecimal: data))
        }
        guard rows.images.count == count else {
            throw Failure(
                "\(file): found logits for \(count) rows, expected \(rows.images.count), one for "
                    + "each row of '\(rows.specification)'")
        }
        guard rows.images.classCount <= found.logits.shape[1] else {
            throw Failure(
                "\(file): found \(found.logits.shape[1]) classes, expected "
                    + "\(rows.images.classCount), as '\(rows.specification)' has")
        }
        let digests = rows.images.rowDigests()
        if let stated = found.rowDigests, stated != digests {
            throw Failure(
                "\(file): was computed on other rows than '\(rows.specification)' has, by their "
                    + "digests")
        }
        return (rows.rowIDs, digests, rows.images.digest())
    }

    private static func agreement(_ logits: Tensor, _ labels: [Int]) throws -> Double {
        let classCount = logits.shape[1]
        let values = try logits.floats()
        let right = labels.indices.count { row in
            let range = (row * classCount)..<((row + 1) * classCount)
            let best = range.max { values[$0] < values[$1] } ?? range.lowerBound
            return best - range.lowerBound == labels[row]
        }
        return Double(right) / Double(max(labels.count, 1))
    }
}
