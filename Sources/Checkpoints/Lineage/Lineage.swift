// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What rests on what in a store, by digest: teacher, soft labels, student, adversarial sets,
/// data.
public struct Lineage: Sendable {
    /// Whether what is referred to can be found.
    public enum Presence: Hashable, Sendable {
        /// It is in the store.
        case stored
        /// Data that was never put in the store, which is normal, or the model behind an imported
        /// set that nobody named.
        case external
        /// It is not in the store; it was removed, or never copied here.
        case missing
        /// It is not in the store, and the name it had now means something else: whatever rests on
        /// it was made from an older version.
        case stale(name: String)
    }

    /// A digest and everything known of it.
    public struct Node: Hashable, Sendable {
        public let digest: Digest
        /// Nil when it is not in the store and its kind cannot be told.
        public let kind: ObjectKind?
        /// All its names in the store, by base and epoch; or the name it is remembered by.
        public let names: [String]
        public let created: String?
        public let presence: Presence
    }

    /// `derived` rests on `origin`.
    public struct Edge: Hashable, Sendable {
        public let origin: Digest
        public let derived: Digest
        public let relation: Reference.Relation
    }

    /// In the order of the store's listing, then what is only referred to.
    public let nodes: [Node]
    public let edges: [Edge]

    public func node(_ digest: Digest) -> Node? { nodes.first { $0.digest == digest } }

    /// What `digest` rests on.
    public func origins(of digest: Digest) -> [Edge] { edges.filter { $0.derived == digest } }

    /// What rests on `digest`.
    public func derivatives(of digest: Digest) -> [Edge] { edges.filter { $0.origin == digest } }

    /// References that lead nowhere, apart from data kept elsewhere.
    public var broken: [Edge] {
        edges.filter { edge in
            switch node(edge.origin)?.presence {
            case .missing, .stale: true
            case .stored, .external, nil: false
            }
        }
    }
}

extension Store {
    /// What rests on what in this store.
    public var lineage: Lineage { Lineage(catalogue) }
}

extension Lineage {
    init(_ catalogue: StoreCatalogue) {
        var nodes: [Node] = []
        var edges: [Edge] = []
        var known: Set<Digest> = []
        var seenEdges: Set<Edge> = []
        let entries = catalogue.all
        let byDigest = Dictionary(grouping: entries, by: \.digest)
        for entry in entries where known.insert(entry.digest).inserted {
            let same = byDigest[entry.digest] ?? []
            nodes.append(
                Node(
                    digest: entry.digest, kind: entry.kind,
                    names: same.map(\.name.description), created: entry.created,
                    presence: .stored))
        }
        for entry in entries {
            for reference in entry.references {
                if known.insert(reference.digest).inserted {
                    nodes.append(Self.absent(reference, catalogue))
                }
                let edge = Edge(
                    origin: reference.digest, derived: entry.digest, relation: reference.relation)
                if seenEdges.insert(edge).inserted { edges.append(edge) }
            }
        }
        self.nodes = nodes
        self.edges = edges
    }

    /// A node for something that is referred to and is not in the store.
    private static func absent(_ reference: Reference, _ catalogue: StoreCatalogue) -> Node {
        let kinds: [ObjectKind] =
            switch reference.relation {
            case .parent: [.checkpoint, .softLabels]
            case .teacher, .source: [.checkpoint]
            case .data: [.dataset]
            }
        let presence: Presence
        if reference.digest == Reference.unnamedModel {
            presence = .external
        } else if let name = reference.name, kinds.contains(where: { catalogue[$0, name] != nil }) {
            presence = .stale(name: name)
        } else {
            presence = reference.relation == .data ? .external : .missing
        }
        return Node(
            digest: reference.digest, kind: kinds.count == 1 ? kinds[0] : nil,
            names: [reference.name].compactMap { $0 }, created: nil, presence: presence)
    }
}
