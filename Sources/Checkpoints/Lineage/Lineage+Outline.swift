// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension Lineage {
    /// One line of the lineage drawn as a tree.
    public struct Line: Hashable, Sendable {
        /// 0 for what rests on nothing.
        public let depth: Int
        public let node: Node
        /// How it rests on the line above of one less depth; nil at depth 0.
        public let relation: Reference.Relation?
        /// It was drawn before, with what rests on it; only the line itself is repeated.
        public let isRepeated: Bool
    }

    /// The lineage as a tree from origins down to what was derived from them, each node drawn
    /// fully once. Every node is in it, whatever the references say.
    public func outline() -> [Line] {
        let derivatives = Dictionary(grouping: edges, by: \.origin)
        let byDigest = Dictionary(nodes.map { ($0.digest, $0) }) { first, _ in first }
        let derived = Set(edges.filter { $0.origin != $0.derived }.map(\.derived))
        var lines: [Line] = []
        var drawn: Set<Digest> = []
        func draw(_ root: Node) {
            // A stack rather than recursion: a chain of ten thousand epochs is a deep tree.
            var pending: [(node: Node, relation: Reference.Relation?, depth: Int)] = [
                (root, nil, 0)
            ]
            while let (node, relation, depth) = pending.popLast() {
                let isNew = drawn.insert(node.digest).inserted
                let below = derivatives[node.digest] ?? []
                lines.append(
                    Line(
                        depth: depth, node: node, relation: relation,
                        isRepeated: !isNew && !below.isEmpty))
                guard isNew else { continue }
                for edge in below.reversed() {
                    guard let next = byDigest[edge.derived] else { continue }
                    pending.append((next, edge.relation, depth + 1))
                }
            }
        }
        for node in nodes where !derived.contains(node.digest) { draw(node) }
        // References in a circle have no first; start anywhere.
        for node in nodes where !drawn.contains(node.digest) { draw(node) }
        return lines
    }
}
