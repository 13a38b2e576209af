// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where the entries of a content go in a legacy file, and in which lists they stand.
struct KerasLegacyPlacement {
    struct Weight {
        let entry: WeightEntry
        /// As the layer's list has it: `conv/kernel`.
        let name: String
    }

    struct Layer {
        let name: String
        var weights: [Weight]
    }

    /// `model_weights`, or empty for weights without a model.
    private(set) var root = ""
    private(set) var layers: [Layer] = []
    /// Datasets in no layer's list: an optimizer's, and what no layer has.
    private(set) var others: [KerasPlacement.Placed] = []
    private(set) var missing: [KerasPlan.Variable] = []
    private static let prefix = "model_weights/"
    private var indices: [String: Int] = [:]
    private var taken: Set<String> = []

    /// Places by the model's plan, in its order, then by paths, roles and names.
    init(_ content: WeightContent, _ target: KerasTargetConfig?) {
        let plan = target.map { KerasPlan($0.model) }
        if plan != nil || content.entries.contains(where: { $0.name.hasPrefix(Self.prefix) }) {
            root = "model_weights"
        }
        for name in plan?.topLayers ?? [] { _ = layer(name) }
        var isPlaced = [Bool](repeating: false, count: content.entries.count)
        if let plan, let target { place(content, by: plan, of: target, &isPlaced) }
        for (index, entry) in content.entries.enumerated() where !isPlaced[index] {
            isPlaced[index] = addKnown(entry, plan)
        }
        let spare = content.entries.indices.filter { !isPlaced[$0] }
        var paths = Set(spare.map { content.entries[$0].name })
        for (number, index) in spare.enumerated() {
            let entry = content.entries[index]
            // Names that could not be paths beside the layers' groups are kept as attributes.
            let isPath =
                entry.name.hasPrefix("optimizer") && paths.remove(entry.name) != nil
                && (try? HDF5Tree.checkPaths([entry.name], path: "")) != nil
            others.append(
                KerasPlacement.Placed(
                    entry: entry, path: isPath ? entry.name : "other_tensors/\(number)"))
        }
    }

    private mutating func layer(_ name: String) -> Int {
        if let index = indices[name] { return index }
        layers.append(Layer(name: name, weights: []))
        indices[name] = layers.count - 1
        return layers.count - 1
    }

    private mutating func add(_ entry: WeightEntry, _ layerName: String, _ name: String) -> Bool {
        let parts = (layerName + "/" + name).split(
            separator: "/", omittingEmptySubsequences: false)
        let own = "top_level_model_weights"
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }),
            parts[0] != own, taken.insert(layerName + "/" + name).inserted
        else { return false }
        layers[layer(layerName)].weights.append(Weight(entry: entry, name: name))
        return true
    }

    /// What is not in the plan, or all there is without one.
    private mutating func addKnown(_ entry: WeightEntry, _ plan: KerasPlan?) -> Bool {
        if entry.name.hasPrefix(Self.prefix) {
            let path = entry.name.dropFirst(Self.prefix.count)
            let top = path.prefix { $0 != "/" }
            if plan?.topLayers.contains(String(top)) != false, addPath(entry, String(path)) {
                return true
            }
        }
        guard let plan else { return addNamed(entry) }
        return entry.role.map { add(entry, by: $0, in: plan) } ?? false
    }

    /// `conv/conv/kernel:0`: a layer, then a name in its list.
    private mutating func addPath(_ entry: WeightEntry, _ path: String) -> Bool {
        guard let slash = path.firstIndex(of: "/") else { return false }
        return add(entry, String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// - Parameter plan: whose outermost layers are the ones there may be.
    private mutating func add(
        _ entry: WeightEntry, by role: ParameterRole, in plan: KerasPlan? = nil
    ) -> Bool {
        let layer = Self.plain(role.layer)
        var top = layer
        if let plan {
            guard
                let own = plan.topLayers.first(where: {
                    role.layer == $0 || role.layer.hasPrefix($0 + ".")
                })
            else { return false }
            top = own
        }
        return add(entry, top, layer + "/" + Self.plain(role.kerasName))
    }

    /// Without a model: what the name says when it is a legacy path, then the role, then the name.
    private mutating func addNamed(_ entry: WeightEntry) -> Bool {
        let name = entry.name
        guard !name.hasPrefix("optimizer") else { return false }
        if !TensorNaming.isKerasPath(name), name.split(separator: "/").count >= 3,
            addPath(entry, name)
        {
            return true
        }
        if let source = entry.sourceName, !TensorNaming.isKerasPath(source),
            source.split(separator: "/").count >= 3, addPath(entry, source)
        {
            return true
        }
        if let role = entry.role { return add(entry, by: role) }
        let plain = Self.plain(name)
        guard let dot = plain.lastIndex(of: "."), dot != plain.startIndex else {
            return add(entry, plain, plain + "/value")
        }
        let layer = String(plain[..<dot])
        return add(entry, layer, layer + "/" + plain[plain.index(after: dot)...])
    }

    private static func plain(_ name: String) -> String {
        String(
            decoding: name.utf8.map { $0 == UInt8(ascii: "/") || $0 == 0 ? UInt8(ascii: ".") : $0 },
            as: UTF8.self)
    }

    private mutating func place(
        _ content: WeightContent, by plan: KerasPlan, of target: KerasTargetConfig,
        _ isPlaced: inout [Bool]
    ) {
        let index = ContentIndex(content, target)
        for top in plan.topLayers {
            let prefix = Self.prefix + top + "/"
            for variable in plan.legacyVariables(ofTop: top) ?? [] {
                guard let found = index[variable, named: prefix + variable.legacyName],
                    !isPlaced[found]
                else {
                    missing.append(variable)
                    continue
                }
                let entry = content.entries[found]
                // A name of the layer's own is kept, whatever version of Keras gave it.
                let own = entry.name.hasPrefix(prefix) ? entry.name.dropFirst(prefix.count) : nil
                isPlaced[found] =
                    own.map { add(entry, top, String($0)) } == true
                    || add(entry, top, variable.legacyName)
            }
        }
    }
}
