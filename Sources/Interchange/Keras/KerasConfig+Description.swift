// SPDX-License-Identifier: Apache-2.0

import Tensors

extension KerasConfig {
    /// Adds what the configuration says to an opened file: its graph, the images that dense
    /// kernels were flattened from, and what another loader would have run.
    func describe(_ file: inout WeightFile) {
        file.remarks += remarks
        var description = ModelDescription(source: json)
        defer { file.model = description }
        guard let model else {
            description.notes = [problem ?? "the model's configuration describes no layers"]
            return
        }
        let variables = RoleIndex(file.entries)
        var graph = KerasGraph(
            isChannelsLast: KerasGraph.isChannelsLast(model) ?? true,
            values: { [entries = file.entries] key in
                guard let index = variables[key] else { return nil }
                return entries[index].statistics()
            })
        do throws(KerasGraph.Refusal) {
            try graph.build(model)
            try graph.fill(&description, with: variables, of: file.entries)
        } catch {
            description.notes = [error.reason]
        }
        description.notes += graph.notes
        for index in file.entries.indices {
            guard let role = file.entries[index].role, role.parameter == .kernel,
                role.kind == .dense
            else { continue }
            file.entries[index].role?.flatten = graph.flattened[role.layer]
        }
    }
}

/// Entries by what they are.
struct RoleIndex {
    private var indices: [ParameterKey: Int] = [:]

    init(_ entries: [WeightEntry]) {
        for (index, entry) in entries.enumerated() {
            guard let role = entry.role else { continue }
            let key = ParameterKey(layer: role.layer, parameter: role.parameter)
            if indices[key] == nil { indices[key] = index }
        }
    }

    subscript(key: ParameterKey) -> Int? { indices[key] }
}

extension WeightEntry {
    /// The elements of a short vector of numbers; nil for anything else.
    fileprivate func statistics() -> [Float]? {
        guard shape.elementCount <= 1 << 16, elementType?.isNumeric == true,
            let tensor = try? tensor()
        else { return nil }
        return try? tensor.floats()
    }
}

extension KerasGraph {
    /// The description of the graph, whose parameters are the entries.
    ///
    /// - Throws: ``Refusal`` naming the first variable that is missing or of another shape.
    fileprivate func fill(
        _ description: inout ModelDescription, with variables: RoleIndex, of entries: [WeightEntry]
    ) throws(Refusal) {
        var names: [String: String] = [:]
        for parameter in parameters {
            let shown = "\(parameter.key.parameter.keras) of layer '\(parameter.key.layer)'"
            guard let index = variables[parameter.key] else {
                throw Refusal(reason: "the file has no \(shown)")
            }
            let entry = entries[index]
            guard entry.shape.dimensions == parameter.shape else {
                throw Refusal(
                    reason: "the \(shown) has the shape \(entry.shape), the configuration asks for"
                        + " \(Shape(trusted: parameter.shape))")
            }
            names[entry.name] = parameter.target
        }
        // A normalisation without a scale still has statistics, whose length was just checked.
        description.implied = Dictionary(
            implied.map { item in
                let values = [Float](repeating: item.value, count: item.count)
                return (item.target, Tensor(values, shape: Shape(trusted: [item.count])))
            }, uniquingKeysWith: { first, _ in first })
        description.parameters = names
        description.graph = json
    }
}

extension ParameterRole.Parameter {
    /// The name in Keras's words.
    var keras: String {
        ParameterRole(layer: "", kind: .dense, parameter: self, layout: .keras).kerasName
    }
}
