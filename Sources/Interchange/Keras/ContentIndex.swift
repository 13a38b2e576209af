// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The entries of a content by the variables of the Keras model that they are.
struct ContentIndex {
    private let roles: RoleIndex
    private var byName: [String: Int] = [:]
    /// By the graph's parameters, with dots for slashes.
    private var byParameter: [String: Int] = [:]
    /// What the layers' variables are called in the graph.
    private var targets: [ParameterKey: String] = [:]

    init(_ content: WeightContent, _ target: KerasTargetConfig) {
        roles = RoleIndex(content.entries)
        for (index, entry) in content.entries.enumerated() {
            byName[entry.name] = index
            let own = entry.role.map { $0.layer + "/" + $0.pytorchName }
            for name in [content.model?.parameters[entry.name], entry.name, own] {
                guard let name else { continue }
                let canonical = TensorNaming.canonical(name)
                if byParameter[canonical] == nil { byParameter[canonical] = index }
            }
        }
        // The graph that the model makes has the same parameters.
        var graph = KerasGraph(
            isChannelsLast: KerasGraph.isChannelsLast(target.model) ?? true, values: { _ in nil })
        try? graph.build(target.model)
        for parameter in graph.parameters {
            let slash = parameter.target.lastIndex(of: "/") ?? parameter.target.endIndex
            let node = target.nodes[String(parameter.target[..<slash])]
            targets[parameter.key] =
                node.map { $0 + parameter.target[slash...] } ?? parameter.target
        }
    }

    /// The entry of a variable: by the graph's parameter, by its role, by the name that it has in
    /// such a file.
    subscript(variable: KerasPlan.Variable, named name: String) -> Int? {
        let key = ParameterKey(layer: variable.role.layer, parameter: variable.role.parameter)
        if let target = targets[key], let index = byParameter[TensorNaming.canonical(target)] {
            return index
        }
        return roles[key] ?? byName[name]
    }
}

extension ParameterRole {
    /// The layer's name without the suffix that tells a separable convolution's halves apart.
    var unsplitLayer: String {
        for suffix in [".depthwise", ".pointwise"]
        where layer.hasSuffix(suffix) && layer.utf8.count > suffix.utf8.count {
            return String(layer.dropLast(suffix.count))
        }
        return layer
    }
}
