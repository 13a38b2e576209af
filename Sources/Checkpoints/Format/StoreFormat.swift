// SPDX-License-Identifier: Apache-2.0

/// The words of store format 1, as `docs/store-format.md` specifies them.
enum StoreFormat {
    static let name = "retort-store"
    static let version = 1
    static let writer = "retort"

    /// Dimensions a manifest record has room for.
    static let maximumRank = 8
    static let maximumTensorNameByteCount = 1024
    static let maximumNameByteCount = 200

    enum Attribute {
        static let format = "format"
        static let version = "format_version"
        static let writer = "writer"
        static let digest = "digest"
        static let recordDigest = "record_digest"
        static let created = "created"
        static let centring = "centring"
        static let augmentationSeed = "augmentation_seed"
        static let elementType = "tensor_dtype"
        static let axes = "axes"
        static let role = "role"
    }

    enum Member {
        static let architecture = "architecture"
        static let metadata = "metadata"
        static let manifest = "manifest"
        static let tensors = "tensors"
        static let optimizer = "optimizer"
        static let optimizerManifest = "optimizer_manifest"
    }

    enum MetadataKey {
        static let classCount = "class_count"
        static let classNames = "class_names"
        static let statusNames = "status_names"
    }
}

/// The four things a store keeps.
public enum ObjectKind: String, CaseIterable, Hashable, Sendable {
    case checkpoint
    case softLabels = "soft_labels"
    case adversarialSet = "adversarial"
    case dataset

    /// The group that holds objects of this kind.
    public var groupName: String {
        switch self {
        case .checkpoint: "checkpoints"
        case .softLabels: "soft_labels"
        case .adversarialSet: "adversarial"
        case .dataset: "datasets"
        }
    }

    /// The kind in words: "soft labels".
    public var title: String {
        switch self {
        case .checkpoint: "checkpoint"
        case .softLabels: "soft labels"
        case .adversarialSet: "adversarial set"
        case .dataset: "dataset"
        }
    }

    /// Where an object of this kind is found: `/checkpoints/teacher`.
    public func path(of name: String) -> String { "/\(groupName)/\(name)" }

    /// The array that identical arrays elsewhere in the store may stand in for: many
    /// adversarial sets start from the same images.
    var sharedArray: String? {
        switch self {
        case .adversarialSet: "clean"
        case .dataset: "images"
        case .checkpoint, .softLabels: nil
        }
    }
}
