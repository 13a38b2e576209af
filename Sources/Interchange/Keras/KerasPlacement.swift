// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where the entries of a content go in a `.weights.h5`, and which groups it has.
struct KerasPlacement {
    struct Placed {
        let entry: WeightEntry
        let path: String
    }

    private(set) var placed: [Placed] = []
    /// Layers' groups with their own names, parents first.
    private(set) var groups: [(path: String, name: String)] = []
    /// Variables of the model that no entry is.
    private(set) var missing: [KerasPlan.Variable] = []
    private var taken: Set<String> = []
    private var groupNames: [String: String] = [:]

    /// Places by the model's plan, then keeps paths of Keras's own, then goes by the path that the
    /// entry remembers, then by its role; what has none of those gets a group of its own.
    init(_ content: WeightContent, _ target: KerasTargetConfig?) {
        var paths = [String?](repeating: nil, count: content.entries.count)
        let plan = target.map { KerasPlan($0.model) }
        if let plan, let target { place(content, by: plan, of: target, into: &paths) }
        for (index, entry) in content.entries.enumerated()
        where paths[index] == nil && TensorNaming.isKerasPath(entry.name) {
            paths[index] = claim(entry.name)
        }
        var classes = ClassGroups(content.entries, taken: Set(taken.map(Self.group)))
        for (index, entry) in content.entries.enumerated() where paths[index] == nil {
            if let source = entry.sourceName, TensorNaming.isKerasPath(source),
                let path = claim(source)
            {
                paths[index] = path
            } else if plan == nil, let role = entry.role, let path = claim(classes.path(of: role)) {
                paths[index] = path
            }
        }
        for index in paths.indices where paths[index] == nil {
            paths[index] = claimOwn(content.entries[index].name)
        }
        for (entry, path) in zip(content.entries, paths) {
            placed.append(Placed(entry: entry, path: path ?? entry.name))
        }
        nameGroups(plan)
    }

    private static func group(_ path: String) -> String {
        KerasVariablePath(path)?.group ?? path
    }

    private mutating func claim(_ path: String) -> String? {
        taken.insert(path).inserted ? path : nil
    }

    /// A layer's group for a single tensor that nothing is known of.
    private mutating func claimOwn(_ name: String) -> String {
        let plain = String(
            decoding: name.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "/"), 0: UInt8(ascii: "_")
                default: byte
                }
            }, as: UTF8.self)
        let base = ["", ".", "..", "vars"].contains(plain) ? "tensor" : plain
        var number = 0
        while true {
            let group = "layers/" + base + (number == 0 ? "" : "_\(number)")
            if let path = claim(group + "/vars/0") {
                groupNames[group] = name
                return path
            }
            number += 1
        }
    }

    private mutating func place(
        _ content: WeightContent, by plan: KerasPlan, of target: KerasTargetConfig,
        into paths: inout [String?]
    ) {
        let index = ContentIndex(content, target)
        for variable in plan.variables {
            let found = index[variable, named: variable.path]
            guard let found, paths[found] == nil else {
                missing.append(variable)
                continue
            }
            paths[found] = claim(variable.path)
        }
    }

    /// Names groups after the plan's layers, or after those that the entries' roles name.
    private mutating func nameGroups(_ plan: KerasPlan?) {
        groups = plan?.layers.map { ($0.path, $0.ownName) } ?? []
        for item in placed where plan == nil {
            guard let variable = KerasVariablePath(item.path),
                let group = Self.layerGroups(variable.group).last,
                variable.group == group || variable.group == group + "/cell"
            else { continue }
            if groupNames[group] == nil, let role = item.entry.role {
                groupNames[group] = role.unsplitLayer
            }
        }
        var known = Set(groups.map(\.path))
        for item in placed {
            guard let variable = KerasVariablePath(item.path) else { continue }
            let layers = Self.layerGroups(variable.group)
            guard let leaf = layers.last, let name = groupNames[leaf] else { continue }
            // Nested names are joined by dots; where there are as many parts as groups, each gets
            // its own.
            let parts = name.split(separator: ".").map(String.init)
            for (depth, group) in layers.enumerated() where known.insert(group).inserted {
                if parts.count == layers.count {
                    groups.append((group, parts[depth]))
                } else if group == leaf {
                    groups.append((group, name))
                }
            }
        }
    }

    /// `layers/a` and `layers/a/layers/b` of `layers/a/layers/b/cell`.
    private static func layerGroups(_ group: String) -> [String] {
        var groups: [String] = []
        var path = ""
        var isLayer = false
        for part in group.split(separator: "/") {
            path += (path.isEmpty ? "" : "/") + part
            if isLayer { groups.append(path) }
            isLayer = part == "layers"
        }
        return groups
    }
}

/// Numbers layers by their classes, as Keras does, where nothing but roles is known.
private struct ClassGroups {
    private struct Layer: Hashable {
        let name: String
        let kind: ParameterRole.LayerKind
    }

    private var groups: [Layer: String] = [:]
    private var counter = KerasNaming.Counter()
    private let taken: Set<String>
    /// The variables of each layer in Keras's order.
    private let variables: [Layer: [ParameterRole.Parameter]]

    init(_ entries: [WeightEntry], taken: Set<String>) {
        self.taken = taken
        variables = Dictionary(grouping: entries.compactMap(\.role)) {
            Layer(name: $0.layer, kind: $0.kind)
        }.mapValues { roles in
            roles.map(\.parameter).sorted { Self.rank($0) < Self.rank($1) }
        }
    }

    mutating func path(of role: ParameterRole) -> String {
        let layer = Layer(name: role.layer, kind: role.kind)
        let name = Self.className(role.kind)
        let group = groups[layer] ?? newGroup(name)
        groups[layer] = group
        let index = variables[layer]?.firstIndex(of: role.parameter) ?? 0
        let isCell = ["lstm", "gru", "simple_rnn"].contains(name)
        return group + (isCell ? "/cell" : "") + "/vars/\(index)"
    }

    private mutating func newGroup(_ name: String) -> String {
        while true {
            let group = "layers/" + counter.unique(name)
            if !taken.contains(group) { return group }
        }
    }

    private static func className(_ kind: ParameterRole.LayerKind) -> String {
        switch kind {
        case .convolution: return "conv2d"
        case .depthwiseConvolution: return "depthwise_conv2d"
        case .transposedConvolution: return "conv2d_transpose"
        case .dense: return "dense"
        case .batchNormalization: return "batch_normalization"
        case .other(let name):
            let group = KerasNaming.snakeCase(name)
            return group.isEmpty ? "layer" : group
        }
    }

    /// The order in which Keras's layers make their variables.
    private static func rank(_ parameter: ParameterRole.Parameter) -> Int {
        switch parameter {
        case .kernel, .scale: 0
        case .other(let name): name == "recurrent_kernel" ? 1 : max(Int(name) ?? 1, 0)
        case .shift: 2
        case .bias: 3
        case .movingMean: 4
        case .movingVariance: 5
        }
    }
}
