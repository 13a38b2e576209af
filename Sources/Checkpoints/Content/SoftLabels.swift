// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A teacher's cached logits as they lie in a store.
public struct SoftLabels: Sendable {
    public let name: String
    public let digest: Digest
    /// When they were made: `2026-11-21T01:31:15Z`.
    public let created: String
    /// The checkpoint whose logits these are.
    public let teacherDigest: Digest
    public let dataDigest: Digest
    /// The seed of the augmentation the inputs went through; nil when there was none.
    public let augmentationSeed: UInt64?
    public let metadata: JSON
    public let manifest: [ManifestEntry]
    /// Rows (N).
    public let count: Int
    /// Classes (C).
    public let classCount: Int
    /// F16 or F32.
    public let precision: ElementType
    private let arrays: StoredArrays

    init(_ object: StoredObject) throws(StoreError) {
        name = object.entry.name.description
        digest = object.entry.digest
        created = object.entry.created
        teacherDigest = try object.reference(.teacher)
        dataDigest = try object.reference(.data)
        augmentationSeed = object.augmentationSeed
        metadata = object.metadata
        manifest = object.arrays.manifest
        arrays = object.arrays
        let shape = try object.require("logits", [.f16, .f32], rank: 2)
        (count, classCount) = (shape[0], shape[1])
        precision = manifest.first { $0.name == "logits" }?.elementType ?? .f32
        try object.require("row_index", [.i64], rank: 1, rows: count)
        let digests = try object.require("row_digest", [.u8], rank: 2, rows: count)
        guard digests[1] == LabelledImages.rowDigestByteCount else {
            throw object.malformed(
                "'row_digest' has shape \(digests), expected "
                    + "(\(count), \(LabelledImages.rowDigestByteCount))")
        }
    }

    /// (N, C) logits minus their row's largest, F16 or F32; decompressed on each call.
    ///
    /// - Throws: ``StoreError`` when the stored chunks are damaged.
    public func logits() throws(StoreError) -> Tensor { try arrays.tensor("logits") }

    /// Rows `rows` of the logits; only their chunks are decompressed.
    public func logits(rows: Range<Int>) throws(StoreError) -> Tensor {
        try arrays.tensor("logits", rows: rows)
    }

    /// N rows of the data.
    public func rowIndex() throws(StoreError) -> [Int] {
        try integerValues(of: "row_index", in: arrays)
    }

    /// (N, 16) U8: the first bytes of the SHA-256 of each row's pixels.
    public func rowDigests() throws(StoreError) -> Tensor { try arrays.tensor("row_digest") }
}

/// A stored array as integers. Types were checked when the object was read.
func integerValues(of name: String, in arrays: StoredArrays) throws(StoreError) -> [Int] {
    let tensor = try arrays.tensor(name)
    do throws(TensorError) {
        return try tensor.integers()
    } catch {
        throw StoreError(.malformed, file: arrays.path(of: name), error.description)
    }
}
