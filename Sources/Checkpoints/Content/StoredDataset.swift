// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A dataset as it lies in a store.
public struct StoredDataset: Sendable {
    public let name: String
    /// ``LabelledImages/digest()`` of the images and labels.
    public let digest: Digest
    /// When it was stored: `2026-11-21T01:31:15Z`.
    public let created: String
    public let metadata: JSON
    public let manifest: [ManifestEntry]
    /// (N, C, H, W).
    public let shape: Shape
    /// U8 or F32.
    public let elementType: ElementType
    public let classCount: Int
    /// Empty, or one name per class.
    public let classNames: [String]
    private let arrays: StoredArrays
    private let path: String

    init(_ object: StoredObject) throws(StoreError) {
        name = object.entry.name.description
        digest = object.entry.digest
        created = object.entry.created
        metadata = object.metadata
        manifest = object.arrays.manifest
        arrays = object.arrays
        path = object.file
        shape = try object.require("images", [.u8, .f32], rank: 4)
        elementType = manifest.first { $0.name == "images" }?.elementType ?? .u8
        try object.require("labels", [.u16], rank: 1, rows: shape[0])
        let key = StoreFormat.MetadataKey.classCount
        guard let classCount = metadata[key]?.integerValue, classCount >= 0 else {
            throw object.malformed("metadata has no '\(key)'")
        }
        self.classCount = classCount
        let names = metadata[StoreFormat.MetadataKey.classNames]?.arrayValue ?? []
        classNames = names.compactMap(\.stringValue)
        guard classNames.count == names.count,
            classNames.isEmpty || classNames.count == classCount
        else {
            throw object.malformed(
                "metadata has \(names.count) class names for \(classCount) classes")
        }
    }

    /// Rows (N).
    public var count: Int { shape[0] }

    /// The images with their labels; decompressed on each call.
    ///
    /// - Parameter rows: nil for all; only the chunks of these rows are decompressed.
    /// - Throws: ``StoreError`` when the stored chunks are damaged or labels are no classes.
    public func images(rows: Range<Int>? = nil) throws(StoreError) -> LabelledImages {
        let images = try arrays.tensor("images", rows: rows)
        let labels = try integerValues(of: "labels", in: arrays)
        do throws(TensorError) {
            return try LabelledImages(
                images: images, labels: rows.map { Array(labels[$0]) } ?? labels,
                classCount: classCount, classNames: classNames)
        } catch {
            throw StoreError(
                .malformed, file: path, object: ObjectKind.dataset.path(of: name),
                error.description)
        }
    }
}
