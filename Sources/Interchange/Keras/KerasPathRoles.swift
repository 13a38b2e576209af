// SPDX-License-Identifier: Apache-2.0

import HDF5

/// The names that people gave the layers, by the paths of their groups.
struct KerasLayerNames {
    private var names: [String: String] = [:]

    init(_ root: HDF5Group) {
        // As many paths as the walk over the tree has counted before, so no bound of its own.
        var pending: [(path: String, group: HDF5Group)] = [("", root)]
        while let next = pending.popLast() {
            for member in next.group.members {
                guard let child = member.object.group else { continue }
                if member.name == "vars" {
                    names[next.path] = (try? child.attribute("name")?.string()) ?? nil
                } else {
                    let path = next.path.isEmpty ? member.name : next.path + "/" + member.name
                    pending.append((path, child))
                }
            }
        }
    }

    subscript(path: String) -> String? { names[path] }
}

/// What variables are by the paths of their datasets alone.
struct KerasPathRoles {
    private let names: KerasLayerNames
    /// How many variables each group has.
    private var counts: [String: Int] = [:]
    private(set) var remarks: [String] = []
    private var doubtful: Set<String> = []

    init(_ datasets: [String], _ names: KerasLayerNames) {
        self.names = names
        for dataset in datasets {
            if let variable = KerasVariablePath(dataset) { counts[variable.group, default: 0] += 1 }
        }
    }

    /// The role of the dataset at `path`; nil where the path does not tell.
    mutating func role(of path: String) -> ParameterRole? {
        guard let variable = KerasVariablePath(path),
            let layer = KerasLayerPath(variable.group, names)
        else { return nil }
        let count = counts[variable.group] ?? 0
        guard
            let name = KerasClass.variable(
                group: layer.className, index: variable.index, count: count)
        else {
            if doubtful.insert(variable.group).inserted {
                remarks.append(
                    "\(path) is gamma or beta of '\(layer.name)': with \(count) variables only the"
                        + " model's configuration tells which")
            }
            return nil
        }
        return KerasClass.role(layer: layer.name, group: layer.className, variable: name)
    }
}

/// `layers/conv2d/vars/0`: the group of a layer's variables and the variable's number.
struct KerasVariablePath {
    /// The layer's group: `layers/conv2d`.
    let group: String
    let index: Int

    init?(_ path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[parts.count - 2] == "vars",
            let index = Int(parts[parts.count - 1]), index >= 0,
            String(index) == parts[parts.count - 1]
        else { return nil }
        group = parts.dropLast(2).joined(separator: "/")
        self.index = index
    }
}

/// The layer that a group belongs to, read off its path.
struct KerasLayerPath {
    /// As people know it: nested names joined by dots.
    let name: String
    /// The class in the form of a group's name, without counter: `conv2d`.
    let className: String

    /// Nil for the model's own group and for the optimizer's.
    init?(_ group: String, _ names: KerasLayerNames) {
        let parts = group.split(separator: "/").map(String.init)
        guard let first = parts.first, first != "optimizer" else { return nil }
        var shown: [String] = []
        var className: String?
        var path = ""
        var isLayer = false
        for (index, part) in parts.enumerated() {
            path += (index == 0 ? "" : "/") + part
            if part == "layers" || part == "_layer_checkpoint_dependencies" {
                isLayer = true
                continue
            }
            if isLayer {
                shown.append(names[path] ?? part)
                className = KerasNaming.withoutCounter(part)
            } else if part != "cell" || className == nil {
                shown.append(part)
                // A subclassed model's path names attributes; an automatic name holds the class.
                className =
                    Self.knownClass(part) ?? names[path].flatMap(Self.knownClass)
                    ?? (className == nil ? nil : part)
            }
            isLayer = false
        }
        guard let className, !shown.isEmpty else { return nil }
        name = shown.joined(separator: ".")
        self.className = className
    }

    private static let known: Set = [
        "conv2d", "depthwise_conv2d", "conv2d_transpose", "separable_conv2d", "dense",
        "batch_normalization", "layer_normalization", "embedding", "lstm", "gru", "conv1d",
    ]

    private static func knownClass(_ name: String) -> String? {
        let name = KerasNaming.withoutCounter(name)
        return known.contains(name) ? name : nil
    }
}
