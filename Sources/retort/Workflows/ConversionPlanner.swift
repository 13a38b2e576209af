// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

/// Decides what a conversion does with every tensor.
struct ConversionPlanner {
    private(set) var source: WeightFile
    let target: WeightFormat
    /// The layout the user asks for.
    var requestedLayout: ParameterRole.Layout?
    /// The element type the user asks for.
    var dtype: ElementType?
    /// Whether a name that the source remembers from an earlier file is used again.
    var keepsOldNames = true

    /// The source's record of the file that it was itself converted from.
    let record: SourceRecord?
    let runnable: RunnableWeights?
    let problem: String?

    init(
        _ source: WeightFile, to target: WeightFormat, layout: ParameterRole.Layout? = nil,
        dtype: ElementType? = nil
    ) {
        self.source = source
        self.target = target
        if target.nameFamily == .other {
            for index in source.entries.indices {
                self.source.entries[index].role = source.entries[index].role.map(Self.refined)
            }
        }
        requestedLayout = layout
        self.dtype = dtype
        record = SourceRecord(json: source.metadata[SourceRecord.metadataKey])
        do {
            runnable = try RunnableWeights(self.source)
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
        let names = TargetNames(
            source: source, target: target, layout: layout,
            earlier: keepsOldNames ? record : nil, runnable: runnable)
        for (index, entry) in source.entries.enumerated() {
            if let reason = reasonToLeaveOut(entry) {
                plan.leftOut.append((entry.name, reason))
            } else if let lines = try recurrentLines(entry, layout) {
                plan.lines += lines
            } else {
                var line = try line(entry, named: names.names[index], layout)
                line.original = names.originals[index]
                plan.lines.append(line)
            }
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
            line.move = rule.isIdentity ? nil : .rule(rule)
        }
        line.cast = cast(of: entry)
        return line
    }

    /// The type to cast the tensor to; nil where it has that type or is no floating-point tensor.
    func cast(of entry: WeightEntry) -> ElementType? {
        guard let dtype, let own = entry.elementType, own.isFloatingPoint, own != dtype else {
            return nil
        }
        return dtype
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
}
