// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

/// What the tensors of one file are called in a file of another format, and what has to be
/// remembered for the way back.
struct TargetNames {
    /// For each entry of the source, in order.
    private(set) var names: [String] = []
    /// For each entry, the name to come back to, where no rule gives it back.
    private(set) var originals: [String?] = []
    /// Where those names come from; nil where nothing has to be remembered of names.
    private(set) var origin: SourceRecord?

    private let source: WeightFile
    private let target: WeightFormat
    private let layout: ParameterRole.Layout?
    private let earlier: SourceRecord?
    private let runnable: RunnableWeights?

    /// - Parameter earlier: what the source remembers of where it came from itself.
    init(
        source: WeightFile, target: WeightFormat, layout: ParameterRole.Layout?,
        earlier: SourceRecord?, runnable: RunnableWeights?
    ) {
        self.source = source
        self.target = target
        self.layout = layout
        self.earlier = earlier
        self.runnable = runnable
        let old = source.entries.map(oldName)
        names = target == .store ? storedNames(old) : zip(source.entries, old).map(foreignName)
        remember(old)
    }

    /// A graph's parameter (`conv1/weight`) as the target spells it.
    func spelled(_ parameter: String) -> String {
        target.spelling == .dotted ? TensorNaming.dotted(fromStored: parameter) : parameter
    }

    /// The name that the entry had in a file of the target's family of formats, where one is
    /// remembered.
    private func oldName(of entry: WeightEntry) -> String? {
        guard let earlier, earlier.format.nameFamily == target.nameFamily else { return nil }
        return entry.sourceName ?? (earlier.arePaths ? entry.name : nil)
    }

    private func storedNames(_ old: [String?]) -> [String] {
        let parameters = runnable == nil ? [:] : source.model?.parameters ?? [:]
        let rest = source.entries.indices.filter {
            parameters[source.entries[$0].name] == nil
        }
        let isHome = rest.contains { old[$0] != nil }
        let spelling = isHome ? earlier?.format.spelling : nil
        var free = StoredNames(
            rest.map { old[$0] ?? source.entries[$0].name },
            spelling: spelling ?? source.format.spelling,
            reserved: runnable?.graph.parameters.map(\.name) ?? []
        ).names.makeIterator()
        return source.entries.map { parameters[$0.name] ?? free.next() ?? $0.name }
    }

    private func foreignName(of entry: WeightEntry, old: String?) -> String {
        if target == .npy { return "array" }
        if let old {
            let isStored = earlier?.format.spelling == .stored
            return isStored ? spelled(old) : old
        }
        if target.nameFamily != .other {
            // Keras's writers name by role where they know one.
            return source.format == .store
                ? TensorNaming.dotted(fromStored: entry.name) : entry.name
        }
        if let layout, let role = entry.role, role.layout != layout, source.format != .onnx {
            if layout == .keras { return role.layer + "/" + role.kerasName }
            return spelled(
                source.model?.parameters[entry.name] ?? role.layer + "/" + role.pytorchName)
        }
        switch (source.format.spelling, target.spelling) {
        case (.stored, .dotted):
            return earlier?.arePaths == true
                ? entry.name : TensorNaming.dotted(fromStored: entry.name)
        case (.path, _) where earlier == nil: return entry.sourceName ?? entry.name
        default: return entry.name
        }
    }

    // MARK: The way back

    private mutating func remember(_ old: [String?]) {
        originals = source.entries.indices.map { index in
            let entry = source.entries[index]
            let isReversible = old[index] != nil || ruled(names[index]) == entry.name
            return isReversible ? nil : entry.name
        }
        let arePaths = target == .store && source.format.spelling == .path && runnable == nil
        if originals.contains(where: { $0 != nil }) || arePaths {
            origin = SourceRecord(format: source.format)
            origin?.arePaths = arePaths
        } else if let earlier, earlier.format.nameFamily != target.nameFamily {
            originals = source.entries.map(\.sourceName)
            origin = SourceRecord(format: earlier.format)
            origin?.arePaths = earlier.arePaths && target == .store
        }
    }

    /// The name that a target's tensor gets when it is converted back without being remembered.
    private func ruled(_ name: String) -> String? {
        if target.nameFamily != .other || source.format.nameFamily != .other {
            return target.nameFamily == source.format.nameFamily || target.nameFamily == .other
                ? name : nil
        }
        switch (source.format.spelling, target.spelling) {
        case (.stored, .dotted): return TensorNaming.stored(fromDotted: name)
        case (let spelling, .stored): return StoredNames.original(of: name, spelling: spelling)
        default: return name
        }
    }
}
