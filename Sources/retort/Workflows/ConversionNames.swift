// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

/// What the tensors of one file are called in a file of another format.
struct TargetNames {
    /// For each entry of the source, in order.
    private(set) var names: [String] = []
    private let source: WeightFile
    private let target: WeightFormat
    private let stored: StoredNames?

    init(
        source: WeightFile, target: WeightFormat, layout: ParameterRole.Layout?,
        record: SourceRecord?, runnable: RunnableWeights?
    ) throws {
        self.source = source
        self.target = target
        guard target == .store else {
            stored = nil
            names = source.entries.map { entry in
                Self.name(of: entry, source, target, layout: layout, record: record)
            }
            return
        }
        let parameters = runnable == nil ? [:] : source.model?.parameters ?? [:]
        let others = source.entries.filter { parameters[$0.name] == nil }
        let free = StoredNames(
            others.map(\.name), spelling: source.format.spelling,
            reserved: runnable?.graph.parameters.map(\.name) ?? [])
        stored = free
        var rest = free.names.makeIterator()
        names = source.entries.map { parameters[$0.name] ?? rest.next() ?? $0.name }
    }

    /// A graph's parameter (`conv1/weight`) as the target spells it.
    func spelled(_ parameter: String) -> String {
        target.spelling == .dotted ? TensorNaming.dotted(fromStored: parameter) : parameter
    }

    /// The name that a store would give the entry.
    static func stored(_ name: String, in source: WeightFile) -> String {
        if let parameter = source.model?.parameters[name] { return parameter }
        return source.format.spelling == .dotted ? TensorNaming.stored(fromDotted: name) : name
    }

    private static func name(
        of entry: WeightEntry, _ source: WeightFile, _ target: WeightFormat,
        layout: ParameterRole.Layout?, record: SourceRecord?
    ) -> String {
        if target == .npy { return "array" }
        if let name = record?.name(of: stored(entry.name, in: source), in: target) { return name }
        if target.nameFamily != .other {
            // Keras's writer names by role where it knows one.
            return source.format == .store
                ? TensorNaming.dotted(fromStored: entry.name) : entry.name
        }
        let isRelaid = layout != nil && entry.role != nil && entry.role?.layout != layout
        if isRelaid, source.format != .onnx, let role = entry.role, let layout {
            return name(of: entry, role, source, target, layout)
        }
        switch (source.format.spelling, target.spelling) {
        case (.stored, .dotted):
            let isPath = record?.arePaths ?? false
            return isPath ? entry.name : TensorNaming.dotted(fromStored: entry.name)
        case (.path, .dotted), (.path, .path): return entry.sourceName ?? entry.name
        default: return entry.name
        }
    }

    /// The name in the words of the layout's framework: `conv1.weight`, `conv1/kernel`.
    private static func name(
        of entry: WeightEntry, _ role: ParameterRole, _ source: WeightFile,
        _ target: WeightFormat, _ layout: ParameterRole.Layout
    ) -> String {
        if layout == .keras { return role.layer + "/" + role.kerasName }
        let parameter =
            source.model?.parameters[entry.name] ?? role.layer + "/" + role.pytorchName
        return target.spelling == .dotted ? TensorNaming.dotted(fromStored: parameter) : parameter
    }

    /// What a store has to remember of the source for the way back.
    ///
    /// - Parameter earlier: what the source itself remembers of where it came from; kept when
    ///   this conversion has nothing to add.
    func record(_ plan: ConversionPlan, earlier: SourceRecord?) -> SourceRecord? {
        guard source.format != .store else { return earlier }
        var record = SourceRecord(format: source.format)
        let spelling = source.format.spelling
        for line in plan.lines {
            guard let name = line.source else {
                // Noted as it is stored, so that a cast value still counts as implied.
                record.implied[line.target] = line.impliedDigest
                continue
            }
            let original = line.entry.sourceName.flatMap { spelling == .path ? $0 : nil } ?? name
            let ruled = StoredNames.original(of: line.target, spelling: spelling)
            if !ruled.utf8.elementsEqual(original.utf8) { record.names[line.target] = original }
            if let role = line.entry.role, let known = line.graphKind, role.kind != known {
                record.kinds[role.layer] = role.kind
            }
        }
        record.arePaths = source.format == .hdf5
        let isTrivial = record.names.isEmpty && record.kinds.isEmpty && record.implied.isEmpty
        if isTrivial, !record.arePaths, let earlier {
            let stored = Set(plan.lines.map(\.target))
            if earlier.names.keys.allSatisfy(stored.contains) { return earlier }
        }
        return record
    }
}
