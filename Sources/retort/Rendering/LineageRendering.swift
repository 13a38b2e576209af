// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Tensors

/// A lineage as an indented tree, for Graphviz, and as JSON.
struct LineageRendering {
    let lineage: Checkpoints.Lineage

    init(_ lineage: Checkpoints.Lineage) {
        self.lineage = lineage
    }

    var text: String {
        guard !lineage.nodes.isEmpty else { return "the store is empty" }
        return lineage.outline().map { line in
            let indent = String(repeating: "   ", count: max(line.depth - 1, 0))
            let branch = line.depth == 0 ? "" : indent + "└─ "
            let relation = line.relation.map { " (\(Self.words($0)))" } ?? ""
            return branch + Self.title(line.node) + relation + (line.isRepeated ? " ..." : "")
        }.joined(separator: "\n")
    }

    var dot: String {
        var lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box, fontname=sans];"]
        for node in lineage.nodes {
            let style = node.presence == .stored ? "solid" : "dashed"
            lines.append(
                "  \"\(node.digest.short)\" [label=\"\(Self.title(node))\", style=\(style)];")
        }
        for edge in lineage.edges {
            lines.append(
                "  \"\(edge.origin.short)\" -> \"\(edge.derived.short)\" [label=\"\(Self.words(edge.relation))\"];"
            )
        }
        return (lines + ["}"]).joined(separator: "\n")
    }

    var json: JSON {
        [
            "nodes": .array(
                lineage.nodes.map { node in
                    [
                        "digest": .string(node.digest.hexadecimal),
                        "kind": node.kind.map { .string($0.rawValue) } ?? .null,
                        "names": .array(node.names.map { .string($0) }),
                        "created": node.created.map { .string($0) } ?? .null,
                        "presence": .string(Self.word(node.presence)),
                    ]
                }),
            "edges": .array(
                lineage.edges.map { edge in
                    [
                        "origin": .string(edge.origin.hexadecimal),
                        "derived": .string(edge.derived.hexadecimal),
                        "relation": .string(edge.relation.rawValue),
                    ]
                }),
        ]
    }

    static func title(_ node: Checkpoints.Lineage.Node) -> String {
        let names = node.names.joined(separator: " = ")
        let what = [node.kind?.title ?? "something", names].filter { !$0.isEmpty }
            .joined(separator: " ")
        switch node.presence {
        case .stored: return "\(what) \(node.digest.short)"
        case .external where node.digest == Reference.unnamedModel: return "a model nobody named"
        case .external: return "data \(node.digest.short), not in the store"
        case .missing: return "\(what) \(node.digest.short), MISSING"
        case .stale(let name):
            return "\(what) \(node.digest.short), STALE: '\(name)' is something else now"
        }
    }

    private static func word(_ presence: Checkpoints.Lineage.Presence) -> String {
        switch presence {
        case .stored: "stored"
        case .external: "external"
        case .missing: "missing"
        case .stale: "stale"
        }
    }

    static func words(_ relation: Reference.Relation) -> String {
        switch relation {
        case .parent: "made from it"
        case .teacher: "its logits"
        case .source: "made against it"
        case .data: "on this data"
        }
    }
}
