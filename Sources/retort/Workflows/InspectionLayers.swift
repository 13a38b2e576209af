// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors

/// The tensors of a file folded into a tree of layers by their names.
struct LayerTree {
    struct Node {
        /// A layer's or a parameter's own name.
        let name: String
        var children: [Int] = []
        /// Index of the tensor; nil for a layer.
        var tensor: Int?
        /// The layer's class where the file says it.
        var kind: String?
        /// Of everything below, tied tensors once.
        var parameterCount = 0
        var byteCount = 0
    }

    /// A line of the tree: a layer, or a tensor.
    struct Line {
        let depth: Int
        let label: String
        let node: Node
    }

    /// The root is the first.
    private(set) var nodes = [Node(name: "")]

    /// Names deeper than this keep their last parts together: a hostile name is all dots.
    private static let maximumDepth = 12

    init(_ entries: [WeightEntry]) {
        var children: [Key: Int] = [:]
        for (index, entry) in entries.enumerated() {
            let isFirst = entry.sharedWith == nil
            var current = 0
            let parts = Self.path(of: entry)
            count(entry, isFirst, at: 0)
            for (depth, part) in parts.enumerated() {
                let isLast = depth == parts.count - 1
                let key = Key(parent: current, name: part)
                // A second tensor of the same name in a layer gets a line of its own.
                if let known = children[key], !(isLast && nodes[known].tensor != nil) {
                    current = known
                } else {
                    nodes.append(Node(name: part))
                    nodes[current].children.append(nodes.count - 1)
                    current = nodes.count - 1
                    children[key] = current
                }
                if isLast {
                    nodes[current].tensor = index
                } else {
                    count(entry, isFirst, at: current)
                    if depth == parts.count - 2 { nodes[current].kind = entry.role?.kind.title }
                }
            }
        }
    }

    private struct Key: Hashable {
        let parent: Int
        let name: String
    }

    private mutating func count(_ entry: WeightEntry, _ isFirst: Bool, at node: Int) {
        guard isFirst else { return }
        nodes[node].parameterCount &+= entry.shape.elementCount
        nodes[node].byteCount &+= entry.byteCount
    }

    /// The layers that lead to the tensor and, last, what it is there called: a role's words where
    /// the file gives one, else the parts of the name.
    static func path(of entry: WeightEntry) -> [String] {
        var parts: [String]
        if let role = entry.role {
            parts = split(role.layer)
            parts.append(role.layout == .keras ? role.kerasName : role.pytorchName)
        } else {
            parts = split(entry.name)
        }
        if parts.isEmpty { return ["(no name)"] }
        if parts.count > maximumDepth {
            let rest = parts[(maximumDepth - 1)...].joined(separator: ".")
            parts = parts.prefix(maximumDepth - 1) + [rest]
        }
        return parts
    }

    /// The whole path as one name.
    static func label(of entry: WeightEntry) -> String { path(of: entry).joined(separator: ".") }

    private static func split(_ name: String) -> [String] {
        LayerName.parts(name).map { String($0) }
    }

    /// All lines in order; a layer that holds nothing but one layer or one tensor shares its line.
    var lines: [Line] {
        var lines: [Line] = []
        var pending = nodes[0].children.reversed().map { (node: $0, depth: 0) }
        while let (start, depth) = pending.popLast() {
            var node = nodes[start]
            var label = node.name
            while node.tensor == nil, node.kind == nil, let only = node.children.first,
                node.children.count == 1
            {
                node = nodes[only]
                label += "." + node.name
            }
            lines.append(Line(depth: depth, label: label, node: node))
            for child in node.children.reversed() { pending.append((child, depth + 1)) }
        }
        return lines
    }
}

extension ParameterRole.LayerKind {
    /// The class in Keras's words; frameworks' own where no rule knows it.
    var title: String {
        switch self {
        case .convolution: "Conv2D"
        case .depthwiseConvolution: "DepthwiseConv2D"
        case .transposedConvolution: "Conv2DTranspose"
        case .dense: "Dense"
        case .batchNormalization: "BatchNormalization"
        case .other(let name): name
        }
    }
}

extension ParameterRole.Parameter {
    var title: String {
        switch self {
        case .kernel: "kernel"
        case .bias: "bias"
        case .scale: "scale"
        case .shift: "shift"
        case .movingMean: "moving_mean"
        case .movingVariance: "moving_variance"
        case .other(let name): name
        }
    }
}
