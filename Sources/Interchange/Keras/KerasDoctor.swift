// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Predicts what Keras's `load_weights` does with a file, and names the first thing it stumbles
/// over.
public struct KerasDoctor: Hashable, Sendable {
    /// What the model wants and the file holds, layer by layer; sentences without stops.
    public private(set) var lines: [String] = []
    /// The first thing that makes Keras fail; nil when it will load the file.
    public private(set) var firstMismatch: String?
    /// Groups to rename, and to what, where that would help.
    public private(set) var renames: [(from: String, to: String)] = []

    public static func == (left: KerasDoctor, right: KerasDoctor) -> Bool {
        left.lines == right.lines && left.firstMismatch == right.firstMismatch
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(lines)
        hasher.combine(firstMismatch)
    }

    /// - Parameters:
    ///   - file: a Keras file of any of the three formats.
    ///   - configuration: of the model to load it into; nil for the file's own.
    /// - Returns: nil when the file is none of Keras's.
    public static func prognosis(
        of file: WeightFile, configuration: JSON? = nil
    ) -> KerasDoctor? {
        guard file.format.nameFamily != .other else { return nil }
        var doctor = KerasDoctor()
        guard let json = configuration ?? file.model?.source else {
            doctor.lines = ["no configuration says which model the weights are of"]
            doctor.listGroups(file)
            return doctor
        }
        let config = KerasConfig(json: json)
        guard let model = config.model else {
            doctor.lines = ["the model's layers are not known: \(config.problem ?? "")"]
            doctor.listGroups(file)
            return doctor
        }
        let shapes = shapes(of: model)
        if file.format == .kerasLegacy {
            doctor.examineLists(file, KerasPlan(model), shapes)
        } else {
            doctor.examineGroups(file, KerasPlan(model), shapes)
        }
        return doctor
    }

    /// What the file's own configuration shows to be wrong with it.
    static func problems(of file: WeightFile) -> [FileProblem] {
        guard let mismatch = prognosis(of: file)?.firstMismatch else { return [] }
        return [FileProblem(object: "", problem: "does not load: \(mismatch)")]
    }

    /// The shapes of variables in Keras's layout, as far as they follow from the configuration.
    private static func shapes(of model: KerasModel) -> [ParameterKey: [Int]] {
        var graph = KerasGraph(
            isChannelsLast: KerasGraph.isChannelsLast(model) ?? true, values: { _ in nil })
        // What was understood before a layer that was not is good enough.
        try? graph.build(model)
        return Dictionary(
            graph.parameters.map { ($0.key, $0.shape) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func note(_ line: String, mismatch: Bool = false) {
        // A file with ten thousand layers needs no page of them.
        if lines.count < 2_000 { lines.append(line) }
        if mismatch, firstMismatch == nil { firstMismatch = line }
    }

    mutating func suggest(_ from: String, _ to: String) {
        renames.append((from, to))
        note("rename '\(from)' to '\(to)'")
    }

    private mutating func listGroups(_ file: WeightFile) {
        for group in KerasFileGroups(file).groups {
            let shapes = group.shapes.map(\.description).joined(separator: " ")
            note("\(group.path)\(group.name.map { " ('\($0)')" } ?? ""): \(shapes)")
        }
    }
}

/// The variables of a Keras file by the groups they stand in.
struct KerasFileGroups {
    struct Group {
        /// `layers/conv2d`, or the name of a legacy layer.
        let path: String
        /// The layer as people know it.
        var name: String?
        var shapes: [Shape] = []
    }

    private(set) var groups: [Group] = []
    private var indices: [String: Int] = [:]

    /// Variables in the order of their numbers, or of a legacy file's lists.
    init(_ file: WeightFile) {
        let root = "model_weights/"
        for entry in file.entries {
            let path: String
            if file.format == .kerasLegacy {
                let name =
                    entry.name.hasPrefix(root)
                    ? String(entry.name.dropFirst(root.count)) : entry.name
                guard !name.hasPrefix("optimizer_weights/"), let slash = name.firstIndex(of: "/")
                else { continue }
                path = String(name[..<slash])
            } else {
                let name = KerasWeightsFile.current(entry.name)
                guard let variable = KerasVariablePath(name), !variable.group.isEmpty,
                    !variable.group.hasPrefix("optimizer")
                else { continue }
                path = variable.group
            }
            let index = indices[path] ?? groups.count
            if index == groups.count { groups.append(Group(path: path)) }
            indices[path] = index
            groups[index].shapes.append(entry.shape)
            if groups[index].name == nil { groups[index].name = entry.role?.layer }
        }
    }

    subscript(path: String) -> Group? { indices[path].map { groups[$0] } }
}
