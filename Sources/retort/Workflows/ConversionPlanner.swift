// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

/// Decides what a conversion does with every tensor.
struct ConversionPlanner {
    let source: WeightFile
    let target: WeightFormat
    /// The layout the user asks for.
    var requestedLayout: ParameterRole.Layout?
    /// The element type the user asks for.
    var dtype: ElementType?
    /// Whether a name that the source remembers from an earlier file is used again.
    var keepsOldNames = true

    /// The source's record of the file that it was itself converted from.
    private let record: SourceRecord?
    private let runnable: RunnableWeights?
    private let problem: String?

    init(
        _ source: WeightFile, to target: WeightFormat, layout: ParameterRole.Layout? = nil,
        dtype: ElementType? = nil
    ) {
        self.source = source
        self.target = target
        requestedLayout = layout
        self.dtype = dtype
        record = SourceRecord(json: source.metadata[SourceRecord.metadataKey])
        do {
            runnable = try RunnableWeights(source)
            problem = nil
        } catch {
            runnable = nil
            problem = "\(error)"
        }
    }

    /// - Throws: ``Failure`` for what cannot be done, `InterchangeError` for a tensor whose layout
    ///   nothing tells.
    func plan() throws -> ConversionPlan {
        guard !source.entries.isEmpty else { throw Failure("\(source.path): has no tensors") }
        if target == .npy, source.entries.count > 1 {
            throw Failure(
                "\(source.path): has \(source.entries.count) tensors, and a NumPy array is one; "
                    + "a .npz holds several")
        }
        let layout = try decideLayout()
        var plan = ConversionPlan(
            format: target, lines: [], layout: layout, isRunnable: runnable != nil,
            metadata: source.metadata)
        let names = try TargetNames(
            source: source, target: target, layout: layout,
            record: keepsOldNames ? record : nil, runnable: runnable)
        for (index, entry) in source.entries.enumerated() {
            if let reason = reasonToLeaveOut(entry) {
                plan.leftOut.append((entry.name, reason))
                continue
            }
            plan.lines.append(try line(entry, named: names.names[index], layout))
        }
        if layout == .pytorch, let runnable { plan.lines += implied(runnable, names) }
        tie(&plan)
        try checkUnique(plan)
        describe(&plan, names)
        return plan
    }

    // MARK: Layout

    /// Whose layout the tensors with a role get; nil where they stay as they lie.
    private func decideLayout() throws -> ParameterRole.Layout? {
        let isKeras = target.nameFamily != .other
        if let requestedLayout {
            let own: ParameterRole.Layout? =
                isKeras ? .keras : target == .store || target == .onnx ? .pytorch : nil
            guard own == nil || own == requestedLayout else {
                throw Failure(
                    "--layout \(requestedLayout.rawValue): a \(target.title) has "
                        + "\(requestedLayout == .keras ? "PyTorch" : "Keras")'s layout")
            }
            return requestedLayout
        }
        if isKeras { return .keras }
        // What runs the graph, Retort or onnxruntime, expects the graph's own layout.
        if target == .store || target == .onnx { return runnable == nil ? nil : .pytorch }
        return nil
    }

    private func line(
        _ entry: WeightEntry, named name: String, _ layout: ParameterRole.Layout?
    ) throws -> ConversionPlan.Line {
        let wanted = try wantedLayout(of: entry, layout)
        if wanted != nil { try requireKnownOrder(entry) }
        var line = ConversionPlan.Line(source: entry.name, entry: entry, target: name)
        line.role = entry.role
        if let wanted {
            line.role = try entry.converted(to: wanted).role
            let rule = try entry.layoutRule(to: wanted)
            line.rule = rule.isIdentity ? nil : rule
        }
        if let dtype, let own = entry.elementType, own.isFloatingPoint, own != dtype {
            line.cast = dtype
        }
        if let parameter = source.model?.parameters[entry.name] {
            line.graphKind = runnable?.roles[parameter]?.kind
        }
        return line
    }

    /// The layout to convert a tensor to; nil where it stays as it lies.
    ///
    /// - Throws: ``Failure`` for a kernel that the user wants converted and nobody knows.
    private func wantedLayout(
        of entry: WeightEntry, _ layout: ParameterRole.Layout?
    ) throws -> ParameterRole.Layout? {
        guard let layout else { return nil }
        guard let role = entry.role else {
            // What an optimizer keeps is laid out as its framework has it, and of use there only.
            guard requestedLayout != nil, entry.shape.rank > 1, !Self.isState(entry.name) else {
                return nil
            }
            throw Failure(
                "\(source.path): nothing says which layer '\(entry.name)' \(entry.shape) belongs "
                    + "to, so its layout cannot be converted; name the model's graph with --graph, "
                    + "or convert from the whole model")
        }
        return role.layout == layout ? nil : layout
    }

    /// - Throws: ``Failure`` for a dense kernel whose inputs may have been flattened from an image
    ///   that nobody described, and for normalizations of flattened pixels.
    private func requireKnownOrder(_ entry: WeightEntry) throws {
        guard let role = entry.role else { return }
        if role.kind == .flattenedNormalization {
            throw Failure(
                "\(source.path): '\(entry.name)' normalizes pixels after they were flattened, and "
                    + "no rule says how those lie in the other layout")
        }
        guard role.kind == .dense, role.parameter == .kernel, role.flatten == nil,
            source.model?.graph == nil
        else { return }
        throw Failure(
            "\(source.path): the inputs of the dense kernel '\(entry.name)' \(entry.shape) may be "
                + "a flattened image, and the file does not say of which height, width and "
                + "channels; name the model's graph with --graph, or convert from the whole model")
    }

    static func isState(_ name: String) -> Bool {
        ["optimizer/", "optimizer_weights/", "_optimizer/", "optimizer.", "optimizer_state"]
            .contains { name.hasPrefix($0) }
    }

    // MARK: What else is in the result

    /// A parameter that only stood in for one which the Keras model does not have.
    private func reasonToLeaveOut(_ entry: WeightEntry) -> String? {
        guard target.nameFamily != .other, source.model?.source != nil, let record,
            record.format.nameFamily != .other,
            let digest = record.implied[TargetNames.stored(entry.name, in: source)],
            let tensor = try? entry.tensor(), tensor.digest() == digest
        else { return nil }
        return "the Keras model has no such parameter, and it has the value that stands for none"
    }

    private func implied(
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
            line.impliedDigest = (try? tensor.converted(to: line.elementType))?.digest()
            return line
        }
    }

    /// Keeps ties between tensors that are converted alike.
    private func tie(_ plan: inout ConversionPlan) {
        var positions: [String: Int] = [:]
        for (index, line) in plan.lines.enumerated() {
            if let name = line.source { positions[name] = positions[name] ?? index }
            guard let first = line.entry.sharedWith, let other = positions[first] else { continue }
            let model = plan.lines[other]
            if model.rule == line.rule, model.cast == line.cast {
                plan.lines[index].sharedWith = model.target
            }
        }
    }

    private func checkUnique(_ plan: ConversionPlan) throws {
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
    private func describe(_ plan: inout ConversionPlan, _ names: TargetNames) {
        if var model = source.model {
            model.parameters = [:]
            let parameters = source.model?.parameters ?? [:]
            for line in plan.lines {
                if let name = line.source {
                    if let parameter = parameters[name] {
                        model.parameters[line.target] = parameter
                    }
                } else {
                    model.parameters[line.target] = line.entry.name
                    model.implied[line.entry.name] = nil
                }
            }
            if runnable == nil { model.graph = nil }
            plan.model = model
        }
        if target == .store {
            plan.metadata[SourceRecord.metadataKey] = names.record(plan, earlier: record)?.json
        }
        let state = plan.lines.count { $0.role == nil && Self.isState($0.source ?? "") }
        if state > 0, plan.layout != nil {
            plan.notes.append("\(state) tensors of the optimizer stay as they are")
        }
        if let problem, [.store, .onnx].contains(target) || target.nameFamily == .keras {
            plan.notes.append("no runnable graph: \(problem)")
        }
    }
}
