// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors

/// A reference of a store's object to something that is not in the store.
struct BrokenReference {
    /// Paths of the objects that refer: `/soft_labels/logits`.
    let objects: [String]
    let relation: Reference.Relation
    let digest: Digest
    /// The name that what is missing had when the reference was made.
    let name: String?
    /// The name means something else now.
    let isStale: Bool
    /// Whether the store misleads: soft labels or a set that go by a name which no longer means
    /// the model they were made from. A checkpoint whose parent was replaced is history, and what
    /// is simply not here misleads nobody.
    let isUnsound: Bool

    var sentence: String {
        let what =
            switch relation {
            case .parent: "was made from"
            case .teacher: "holds the logits of"
            case .source: "was made against"
            case .data: "was made on"
            }
        let target = (name.map { "'\($0)' " } ?? "") + digest.short
        let end =
            isStale ? "but that name means something else now" : "which is not in this store"
        return "\(isStale ? "stale" : "missing"): it \(what) \(target), \(end)"
    }
}

extension Verification {
    /// A store: structure, digests, and what its objects rest on.
    func verifyStore() throws -> Outcome {
        let format = WeightFormat.store
        var outcome = Outcome(
            path: path, format: format.rawValue, title: format.title, isFull: full)
        let store: Store
        do throws(StoreError) {
            store = try Store.open(path: path)
        } catch {
            guard error.kind == .malformed else { throw error }
            outcome.problems = [FileProblem(object: error.object ?? "", problem: error.problem)]
            outcome.remarks = [Self.salvageAdvice]
            return outcome
        }
        outcome.problems = store.verify(full: full).map {
            FileProblem(object: $0.object, problem: $0.problem)
        }
        if !outcome.problems.isEmpty { outcome.remarks.append(Self.salvageAdvice) }
        outcome.broken = Self.brokenReferences(of: store)
        let count = store.entries.count
        outcome.checked = [
            "the structure of \(count) object\(count == 1 ? "" : "s")",
            "digests of manifests, metadata and references", "what every object rests on",
        ]
        if full {
            outcome.checked.append("the digest and the checksums of every array")
        } else {
            outcome.unchecked = ["arrays: --full reads every one and computes its digest again"]
        }
        return outcome
    }

    static let salvageAdvice =
        "'retort salvage' copies every object whose digests hold to a new store"

    static func brokenReferences(of store: Store) -> [BrokenReference] {
        let lineage = store.lineage
        return lineage.broken.compactMap { edge in
            guard let origin = lineage.node(edge.origin), let derived = lineage.node(edge.derived)
            else { return nil }
            let isStale: Bool
            if case .stale = origin.presence { isStale = true } else { isStale = false }
            let isJudgedByIt = derived.kind == .softLabels || derived.kind == .adversarialSet
            return BrokenReference(
                objects: derived.names.map { derived.kind?.path(of: $0) ?? $0 },
                relation: edge.relation, digest: edge.origin, name: origin.names.first,
                isStale: isStale, isUnsound: isStale && isJudgedByIt)
        }
    }
}
