// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

/// What else is in the result: parameters that stand for none, ties, the model, what to remember.
extension ConversionPlanner {
    /// A parameter that only stood in for one which the Keras model does not have.
    func reasonToLeaveOut(_ entry: WeightEntry) -> String? {
        guard target.nameFamily != .other, source.model?.source != nil, let record,
            record.format.nameFamily != .other,
            let parameter = source.model?.parameters[entry.name],
            let digest = record.implied[parameter],
            let tensor = try? entry.tensor(), tensor.digest() == digest
        else { return nil }
        return "the Keras model has no such parameter, and it has the value that stands for none"
    }

    func implied(
        _ runnable: RunnableWeights, _ names: TargetNames
    ) -> [ConversionPlan.Line] {
        runnable.graph.parameters.compactMap { parameter in
            guard let tensor = runnable.implied[parameter.name] else { return nil }
            let name = names.spelled(parameter.name)
            var entry = WeightEntry(
                name: parameter.name, tensor: tensor, role: runnable.roles[parameter.name])
            entry.digest = tensor.digest()
            var line = ConversionPlan.Line(
                source: nil, entry: entry, target: name, role: entry.role)
            if let dtype, dtype != .f32 { line.cast = dtype }
            return line
        }
    }

    /// Keeps ties between tensors that are converted alike.
    func tie(_ plan: inout ConversionPlan) {
        var positions: [String: Int] = [:]
        for (index, line) in plan.lines.enumerated() {
            if let name = line.source { positions[name] = positions[name] ?? index }
            guard let first = line.entry.sharedWith, let other = positions[first] else { continue }
            let model = plan.lines[other]
            if model.move == line.move, model.cast == line.cast {
                plan.lines[index].sharedWith = model.target
            }
        }
    }

    func checkUnique(_ plan: ConversionPlan) throws {
        var sources: [[UInt8]: String] = [:]
        for line in plan.lines {
            let name = line.source ?? line.target
            if let other = sources.updateValue(name, forKey: Array(line.target.utf8)) {
                throw Failure(
                    "\(source.path): '\(other)' and '\(name)' would both be called "
                        + "'\(line.target)'")
            }
        }
    }

    /// Model, metadata and notes of the result.
    func describe(_ plan: inout ConversionPlan, _ names: TargetNames) {
        if var model = source.model {
            model.parameters = [:]
            let parameters = source.model?.parameters ?? [:]
            for line in plan.lines {
                if let name = line.source {
                    if let parameter = parameters[name] {
                        model.parameters[line.target] = parameter
                    }
                } else if line.role != nil {
                    model.parameters[line.target] = line.entry.name
                    model.implied[line.entry.name] = nil
                }
            }
            if runnable == nil { model.graph = nil }
            plan.model = model
        }
        plan.metadata[SourceRecord.metadataKey] = sourceRecord(plan, names)?.json
        let state = plan.lines.count { $0.role == nil && Self.isState($0.source ?? "") }
        if state > 0, plan.layout != nil {
            plan.notes.append("\(state) tensors of the optimizer stay as they are")
        }
        if let problem, [.store, .onnx].contains(target) || target.nameFamily == .keras {
            plan.notes.append("no runnable graph: \(problem)")
        }
    }

    /// What the result has to remember of where it comes from.
    private func sourceRecord(_ plan: ConversionPlan, _ names: TargetNames) -> SourceRecord? {
        var result = SourceRecord(
            format: names.origin?.format ?? record?.format ?? source.format)
        result.arePaths = names.origin?.arePaths ?? false
        result.kinds = record?.kinds ?? [:]
        result.implied = record?.implied ?? [:]
        for line in plan.lines {
            if target == .store, let original = line.original {
                result.names[line.target] = original
            }
            let parameter = line.source.flatMap { source.model?.parameters[$0] }
            if let role = line.entry.role, let known = parameter.flatMap({ runnable?.roles[$0] }),
                role.kind != known.kind
            {
                result.kinds[role.layer] = role.kind
            }
            if line.source == nil, line.role != nil {
                let tensor = try? line.entry.tensor()
                let value = line.cast.flatMap { try? tensor?.cast(to: $0).tensor } ?? tensor
                result.implied[line.entry.name] = value?.digest()
            }
        }
        let hasMore = !result.kinds.isEmpty || !result.implied.isEmpty
        return names.origin == nil && !hasMore ? nil : result
    }
}
