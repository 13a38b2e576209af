// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Why content cannot be stored; the writer adds the file and the object.
struct ContentProblem: Error {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// One array on its way into a store.
struct ArrayDraft {
    let name: String
    let elementType: ElementType
    let shape: Shape
    let axes: String?
    let role: String?
    /// Chunked by rows and compressed; otherwise contiguous and mappable.
    let isTable: Bool
    /// Whether an identical array elsewhere in the store may stand in by a hard link.
    let isShareable: Bool
    /// What the digest has to be, for copies: nothing that has rotted is copied.
    let expectedDigest: Digest?
    /// Fetches the elements, so that a copy holds one array in memory at a time.
    let load: () throws(StoreError) -> Tensor

    init(
        _ name: String, _ tensor: Tensor, axes: String? = nil, role: String? = nil,
        isTable: Bool = false, isShareable: Bool = false
    ) {
        self.init(
            name, tensor.elementType, tensor.shape, axes: axes, role: role, isTable: isTable,
            isShareable: isShareable, expectedDigest: nil
        ) { () throws(StoreError) in tensor }
    }

    init(
        _ name: String, _ elementType: ElementType, _ shape: Shape, axes: String?, role: String?,
        isTable: Bool, isShareable: Bool, expectedDigest: Digest?,
        load: @escaping () throws(StoreError) -> Tensor
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.axes = axes
        self.role = role
        self.isTable = isTable
        self.isShareable = isShareable
        self.expectedDigest = expectedDigest
        self.load = load
    }
}

/// An object on its way into a store: what the four kinds have in common once their own rules
/// have been checked.
struct ObjectDraft {
    let kind: ObjectKind
    var metadata: JSON
    /// The metadata as it stands in another store; copies keep its bytes.
    var metadataText: String?
    var architecture: String?
    var references: [Reference] = []
    var augmentationSeed: UInt64?
    var arrays: [ArrayDraft] = []
    var state: [ArrayDraft]?
    /// When it was made; nil for now.
    var created: String?

    init(kind: ObjectKind, metadata: JSON) {
        self.kind = kind
        self.metadata = metadata
    }

    /// Adds a key that belongs to the format.
    mutating func addMetadata(_ key: String, _ value: JSON) throws(ContentProblem) {
        guard metadata[key] == nil else {
            throw ContentProblem("metadata has a key '\(key)', which belongs to the format")
        }
        metadata[key] = value
    }

    /// - Throws: ``ContentProblem`` for names and shapes the format has no room for.
    func check() throws(ContentProblem) {
        guard metadata.objectValue != nil else {
            throw ContentProblem("metadata is \(metadata.text().prefix(40)), expected an object")
        }
        for group in [arrays, state ?? []] {
            for array in group {
                let reason =
                    problem(withTensorName: array.name)
                    ?? (array.shape.rank > StoreFormat.maximumRank
                        ? "it has rank \(array.shape.rank), expected at most "
                            + "\(StoreFormat.maximumRank)" : nil)
                if let reason {
                    throw ContentProblem("tensor '\(array.name)' cannot be stored: \(reason)")
                }
            }
            if let name = conflictingTensorName(in: group.map(\.name)) {
                throw ContentProblem(
                    "'\(name)' names a tensor twice, or a tensor and a folder of others")
            }
        }
    }

    /// The object's own digest once those of its arrays are known.
    func digest(manifest: [ManifestEntry]) throws(ContentProblem) -> Digest {
        func only(_ relation: Reference.Relation) throws(ContentProblem) -> Digest {
            guard let digest = references.digests(relation).first else {
                throw ContentProblem("its \(relation.rawValue) digest is missing")
            }
            return digest
        }
        func array(_ name: String) throws(ContentProblem) -> Digest {
            guard let entry = manifest.first(where: { $0.name == name }) else {
                throw ContentProblem("its array '\(name)' is missing")
            }
            return entry.digest
        }
        switch kind {
        case .checkpoint:
            return ContentDigest.checkpoint(
                architecture: architecture ?? JSON.null.text(), manifest: manifest)
        case .softLabels:
            return ContentDigest.softLabels(
                teacher: try only(.teacher), data: try only(.data),
                augmentationSeed: augmentationSeed, manifest: manifest)
        case .adversarialSet:
            return ContentDigest.adversarialSet(
                source: try only(.source), data: try only(.data), manifest: manifest)
        case .dataset:
            return ContentDigest.dataset(images: try array("images"), labels: try array("labels"))
        }
    }
}
