// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

extension WeightFile {
    /// Says of a file that its tensors are the parameters of `graph`, and what each of them is.
    ///
    /// - Parameters:
    ///   - stated: parameters by entry name, where somebody said so.
    ///   - ambiguous: whose layout the file follows where every shape fits both.
    /// - Throws: ``Failure`` naming the parameter that no tensor holds or the tensor that does not
    ///   fit; the file is unchanged then.
    mutating func bind(
        _ graph: Graph, stated: [String: String] = [:],
        ambiguous: ParameterRole.Layout = .pytorch
    ) throws {
        let roles = graph.roles
        let found = try ParameterSearch(self, graph: graph, stated: stated).found()
        var model = self.model ?? ModelDescription()
        model.graph = graph.json
        model.parameters = [:]
        model.implied = [:]
        for parameter in graph.parameters {
            if let index = found[parameter.name] {
                model.parameters[entries[index].name] = parameter.name
            } else {
                model.implied[parameter.name] = try implied(parameter, beside: found)
            }
        }
        var bound = entries
        let layout = try layoutOfUnknown(graph, roles, found) ?? ambiguous
        for parameter in graph.parameters {
            guard let index = found[parameter.name], let known = roles[parameter.name] else {
                continue
            }
            if bound[index].role == nil {
                bound[index].role = known
                bound[index].role?.layout = layout
            } else {
                bound[index].role?.flatten = known.flatten
                bound[index].role?.depthMultiplier = known.depthMultiplier
                // A layer that no rule may touch stays one, whatever its class.
                if case .other = known.kind { bound[index].role?.kind = known.kind }
            }
            let shape = try bound[index].converted(to: .pytorch).shape
            guard shape == parameter.shape else {
                throw Failure(
                    "\(path): tensor '\(entries[index].name)' has shape \(entries[index].shape); "
                        + "the graph's parameter '\(parameter.name)' has \(parameter.shape)")
            }
        }
        entries = bound
        self.model = model
    }

    /// What a normalization without scale or shift computes with.
    private func implied(
        _ parameter: ParameterSpecification, beside found: [String: Int]
    ) throws -> Tensor {
        let layer = parameter.name.prefix(upTo: parameter.name.lastIndex(of: "/")!)
        let isNormalization = found["\(layer)/\(ParameterSpecification.Role.runningMean.rawValue)"]
        guard isNormalization != nil, parameter.isTrainable else {
            let names = entries.prefix(8).map(\.name).joined(separator: ", ")
            throw Failure(
                "\(path): no tensor is the graph's parameter '\(parameter.name)' "
                    + "\(parameter.shape); it has \(names)\(entries.count > 8 ? ", ..." : "")")
        }
        let value: Float = parameter.role == .weight ? 1 : 0
        return Tensor(
            [Float](repeating: value, count: parameter.shape.elementCount), shape: parameter.shape)
    }

    /// Whose layout the entries without a role follow, as their shapes say; nil where every shape
    /// fits both.
    private func layoutOfUnknown(
        _ graph: Graph, _ roles: [String: ParameterRole], _ found: [String: Int]
    ) throws -> ParameterRole.Layout? {
        var names: [ParameterRole.Layout: String] = [:]
        for parameter in graph.parameters {
            guard let index = found[parameter.name], entries[index].role == nil else { continue }
            let entry = entries[index]
            let model = WeightEntry(
                name: parameter.name, elementType: .f32, shape: parameter.shape,
                role: roles[parameter.name]
            ) { () throws(InterchangeError) in
                throw InterchangeError(.unsupported, "", "a shape has no elements")
            }
            let isPyTorch = entry.shape == parameter.shape
            let isKeras = (try? model.converted(to: .keras).shape) == entry.shape
            guard isPyTorch || isKeras else {
                throw Failure(
                    "\(path): tensor '\(entry.name)' has shape \(entry.shape); the graph's "
                        + "parameter '\(parameter.name)' has \(parameter.shape)")
            }
            guard isPyTorch != isKeras else { continue }
            names[isPyTorch ? .pytorch : .keras] = entry.name
        }
        if let pytorch = names[.pytorch], let keras = names[.keras] {
            throw Failure(
                "\(path): the shape of '\(pytorch)' fits PyTorch's layout alone and that of "
                    + "'\(keras)' Keras's alone, expected one layout for all")
        }
        return names.keys.first
    }
}

/// Finds the entry that holds each parameter of a graph, by names.
private struct ParameterSearch {
    let file: WeightFile
    let graph: Graph
    private var byParameter: [String: Int] = [:]
    private var byName: [String: [Int]] = [:]

    init(_ file: WeightFile, graph: Graph, stated: [String: String]) throws {
        self.file = file
        self.graph = graph
        for (index, entry) in file.entries.enumerated() where entry.elementType != nil {
            if let parameter = stated[entry.name] { byParameter[parameter] = index }
            var names: Set = [TensorNaming.canonical(entry.name)]
            if let name = entry.sourceName { names.insert(TensorNaming.canonical(name)) }
            if let role = entry.role {
                names.insert(TensorNaming.canonical(role.layer + "." + role.pytorchName))
            }
            for name in names { byName[name, default: []].append(index) }
        }
    }

    /// Entries by parameter; those that are not there are left out.
    func found() throws -> [String: Int] {
        let roles = graph.roles
        var best: [String: Int] = [:]
        for prefix in prefixes(roles) {
            var found: [String: Int] = [:]
            for parameter in graph.parameters {
                if let index = byParameter[parameter.name] {
                    found[parameter.name] = index
                    continue
                }
                let indices = spellings(of: parameter, roles).compactMap { byName[prefix + $0] }
                guard let first = indices.first else { continue }
                guard first.count == 1 else {
                    let names = first.prefix(3).map { "'\(file.entries[$0].name)'" }
                    throw Failure(
                        "\(file.path): \(names.joined(separator: " and ")) may both be the "
                            + "graph's parameter '\(parameter.name)'")
                }
                found[parameter.name] = first[0]
            }
            if found.count > best.count { best = found }
        }
        return best
    }

    /// `conv1.weight` and, as Keras says it, `conv1.kernel`.
    private func spellings(
        of parameter: ParameterSpecification, _ roles: [String: ParameterRole]
    ) -> [String] {
        let own = TensorNaming.canonical(parameter.name)
        guard let role = roles[parameter.name] else { return [own] }
        return [own, TensorNaming.canonical(role.layer + "." + role.kerasName)]
    }

    /// What may stand before every name: nothing, or a wrapper such as `module.` and
    /// `model.state_dict.` that the first parameter has in front.
    private func prefixes(_ roles: [String: ParameterRole]) -> [String] {
        guard let first = graph.parameters.first else { return [""] }
        var prefixes: [String] = []
        for spelling in spellings(of: first, roles) {
            for name in byName.keys where name.hasSuffix("." + spelling) {
                prefixes.append(String(name.dropLast(spelling.count)))
            }
        }
        // The shortest are the outermost; more would be somebody's attempt to waste our time.
        return [""] + prefixes.sorted { ($0.count, $0) < ($1.count, $1) }.prefix(8)
    }
}
