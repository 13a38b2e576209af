// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// An adversarial set as it lies in a store.
public struct AdversarialSet: Sendable {
    public let name: String
    public let digest: Digest
    /// When it was made: `2026-11-21T01:31:15Z`.
    public let created: String
    /// The checkpoint the set was made against.
    public let sourceDigest: Digest
    public let dataDigest: Digest
    /// The attack, its parameters, norm, epsilon, scale, box and seed.
    public let metadata: JSON
    public let manifest: [ManifestEntry]
    /// (N, C, H, W), or whatever shape the inputs have.
    public let shape: Shape
    /// N true classes.
    public let labels: [Int]
    /// N classes aimed at; -1 where there was no target.
    public let targets: [Int]
    /// N indices into `statusNames`.
    public let status: [UInt8]
    public let statusNames: [String]
    /// N log-odds margins on the adversarial input, as the attack reported them; F32 or F64.
    public let margin: Tensor
    /// N distances in the attack's norm, as the attack reported them; F32 or F64.
    public let distance: Tensor
    /// N rows of the data.
    public let rowIndex: [Int]
    private let arrays: StoredArrays

    init(_ object: StoredObject) throws(StoreError) {
        name = object.entry.name.description
        digest = object.entry.digest
        created = object.entry.created
        sourceDigest = try object.reference(.source)
        dataDigest = try object.reference(.data)
        metadata = object.metadata
        manifest = object.arrays.manifest
        arrays = object.arrays
        guard let inputs = manifest.first(where: { $0.name == "adversarial" }),
            inputs.elementType == .f32, inputs.shape.rank >= 2
        else {
            throw object.malformed("array 'adversarial' is missing or not F32 (rows, ...)")
        }
        shape = inputs.shape
        let count = shape[0]
        guard try object.require("clean", [.f32], rank: shape.rank) == shape else {
            throw object.malformed("'clean' and 'adversarial' have different shapes")
        }
        try object.require("label", [.i32], rank: 1, rows: count)
        try object.require("target", [.i32], rank: 1, rows: count)
        try object.require("status", [.u8], rank: 1, rows: count)
        try object.require("margin", [.f32, .f64], rank: 1, rows: count)
        try object.require("distance", [.f32, .f64], rank: 1, rows: count)
        try object.require("row_index", [.i64], rank: 1, rows: count)
        labels = try integerValues(of: "label", in: arrays)
        targets = try integerValues(of: "target", in: arrays)
        rowIndex = try integerValues(of: "row_index", in: arrays)
        status = try arrays.tensor("status").withUnsafeBytes { Array($0) }
        margin = try arrays.tensor("margin")
        distance = try arrays.tensor("distance")
        let key = StoreFormat.MetadataKey.statusNames
        statusNames = metadata[key]?.arrayValue?.compactMap(\.stringValue) ?? []
        if let wrong = status.first(where: { Int($0) >= statusNames.count }) {
            throw object.malformed("status \(wrong) has no name in metadata's '\(key)'")
        }
    }

    /// Rows (N).
    public var count: Int { labels.count }

    /// The adversarial inputs, F32; decompressed on each call.
    ///
    /// - Throws: ``StoreError`` when the stored chunks are damaged.
    public func adversarial() throws(StoreError) -> Tensor { try arrays.tensor("adversarial") }

    /// Rows `rows` of the adversarial inputs; only their chunks are decompressed.
    public func adversarial(rows: Range<Int>) throws(StoreError) -> Tensor {
        try arrays.tensor("adversarial", rows: rows)
    }

    /// The inputs the attack started from, F32; decompressed on each call.
    public func clean() throws(StoreError) -> Tensor { try arrays.tensor("clean") }

    /// Rows `rows` of the inputs the attack started from.
    public func clean(rows: Range<Int>) throws(StoreError) -> Tensor {
        try arrays.tensor("clean", rows: rows)
    }
}
