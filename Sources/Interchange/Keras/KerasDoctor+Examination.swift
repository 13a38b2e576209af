// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasDoctor {
    /// Keras 3's files: every layer looks into the group that its class and number name
    /// (`keras/src/layers/layer.py`, `_check_load_own_variables`).
    mutating func examineGroups(
        _ file: WeightFile, _ plan: KerasPlan, _ shapes: [ParameterKey: [Int]]
    ) {
        let found = KerasFileGroups(file)
        var used: Set<String> = []
        var lost: [KerasPlan.Layer] = []
        for layer in plan.layers {
            guard let variables = layer.variables else {
                used.insert(layer.path)
                note("\(layer.path) ('\(layer.name)'): class \(layer.className) is not known")
                continue
            }
            let path = variables.first.flatMap { KerasVariablePath($0.path)?.group } ?? layer.path
            used.insert(path)
            let group = found[path]
            let count = group?.shapes.count ?? 0
            guard count == variables.count else {
                note(
                    "layer '\(layer.name)' expects \(variables.count) variables"
                        + " (\(variables.map(\.variable).joined(separator: ", "))) in '\(path)/vars'"
                        + " and receives \(count)", mismatch: true)
                lost.append(layer)
                continue
            }
            guard let group, !variables.isEmpty else { continue }
            compare(
                variables, group.shapes, shapes,
                "\(path) ('\(layer.name)')", "layer '\(layer.name)'")
        }
        let spare = found.groups.filter { !used.contains($0.path) }
        for group in spare {
            note("'\(group.path)' belongs to no layer of the model and is not loaded")
        }
        suggestRenames(for: lost, among: spare, shapes)
    }

    /// Legacy files: the layers that have weights, in order, whatever they are called
    /// (`legacy_h5_format.py`, `load_weights_from_hdf5_group`).
    mutating func examineLists(
        _ file: WeightFile, _ plan: KerasPlan, _ shapes: [ParameterKey: [Int]]
    ) {
        let groups = KerasFileGroups(file).groups.filter { $0.path != "top_level_model_weights" }
        var wanted: [(name: String, variables: [KerasPlan.Variable]?)] = []
        for top in plan.topLayers {
            let variables = plan.legacyVariables(ofTop: top)
            if variables?.isEmpty != true { wanted.append((top, variables)) }
        }
        // A class that is not known may have no weights, so then the count says nothing.
        let isKnown = wanted.allSatisfy { $0.variables != nil }
        if isKnown, wanted.count != groups.count {
            note(
                "the model has \(wanted.count) layers with weights, the file \(groups.count)",
                mismatch: true)
        }
        for (number, pair) in zip(wanted, groups).enumerated() where isKnown {
            let (layer, group) = pair
            let variables = layer.variables ?? []
            let shown =
                "layer \(number) ('\(layer.name)' in the model, '\(group.path)' in the file)"
            guard variables.count == group.shapes.count else {
                note(
                    "\(shown) expects \(variables.count) weights and receives"
                        + " \(group.shapes.count)", mismatch: true)
                continue
            }
            compare(variables, group.shapes, shapes, shown, shown)
        }
        if !isKnown { note("a class of the model is not known, so layers cannot be counted off") }
    }

    private mutating func compare(
        _ variables: [KerasPlan.Variable], _ found: [Shape], _ shapes: [ParameterKey: [Int]],
        _ shown: String, _ subject: String
    ) {
        for (variable, shape) in zip(variables, found) {
            let key = ParameterKey(
                layer: variable.role.layer, parameter: variable.role.parameter)
            guard let expected = shapes[key], expected != shape.dimensions else { continue }
            note(
                "\(subject): \(variable.variable) has the shape \(shape), the model expects"
                    + " \(Shape(trusted: expected))", mismatch: true)
            return
        }
        let list = zip(variables, found).map { "\($0.variable) \($1)" }.joined(separator: ", ")
        note("\(shown): \(list)")
    }

    /// Groups that would fit a layer which finds nothing: of the same name, else of the same
    /// number of variables with the shapes it expects.
    private mutating func suggestRenames(
        for lost: [KerasPlan.Layer], among spare: [KerasFileGroups.Group],
        _ shapes: [ParameterKey: [Int]]
    ) {
        // Whoever has more to rename has another model at hand.
        var free = Array(spare.prefix(1_000))
        for layer in lost.prefix(200) {
            let variables = layer.variables ?? []
            let expected = variables.map {
                shapes[ParameterKey(layer: $0.role.layer, parameter: $0.role.parameter)]
            }
            func fits(_ group: KerasFileGroups.Group) -> Bool {
                group.shapes.count == variables.count && !variables.isEmpty
                    && zip(expected, group.shapes).allSatisfy { expected, shape in
                        expected.map { $0 == shape.dimensions } ?? true
                    }
            }
            guard
                let index = free.firstIndex(where: { fits($0) && $0.name == layer.name })
                    ?? free.firstIndex(where: { fits($0) })
            else { continue }
            let path = variables.first.flatMap { KerasVariablePath($0.path)?.group } ?? layer.path
            suggest(free[index].path, path)
            free.remove(at: index)
        }
    }
}
