// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// That an object rests on another one, named by digest so that it holds across files.
public struct Reference: Hashable, Sendable {
    /// What the other object is to this one.
    public enum Relation: String, CaseIterable, Hashable, Sendable {
        /// What a checkpoint was made from: an earlier checkpoint, or soft labels.
        case parent
        /// The checkpoint whose logits soft labels are.
        case teacher
        /// The checkpoint an adversarial set was made against.
        case source
        /// The data an object was trained on, computed on or attacked.
        case data

        var digestAttribute: String { self == .parent ? "parents" : rawValue + "_digest" }
        var nameAttribute: String { self == .parent ? "parent_names" : rawValue + "_name" }
    }

    public let relation: Relation
    public let digest: Digest
    /// The name the other object had in the store at the time: a hint, covered by no digest.
    public let name: String?

    public init(_ relation: Relation, _ digest: Digest, name: String? = nil) {
        self.relation = relation
        self.digest = digest
        self.name = name
    }
}

extension Reference {
    /// Stands for the model behind a set or a cache that came without one: a corruption has none,
    /// and other tools do not name theirs. The digest of the text `retort-unnamed-model`.
    public static let unnamedModel = Digest(hashing: Array("retort-unnamed-model".utf8))
}

extension [Reference] {
    func digests(_ relation: Reference.Relation) -> [Digest] {
        compactMap { $0.relation == relation ? $0.digest : nil }
    }
}
