// SPDX-License-Identifier: Apache-2.0

import Glibc
import Interchange
import Tensors

/// One side of a comparison: a file, or a checkpoint of a store.
struct ComparedFile {
    /// As the user named it, with its checkpoint.
    let title: String
    let file: WeightFile

    /// - Parameter text: a path, or `STORE#CHECKPOINT`.
    init(_ text: String, checkpoint: String?) throws {
        var (path, name) = (text, checkpoint)
        // A file whose own name has a # is itself.
        if name == nil, access(text, F_OK) != 0, let mark = text.lastIndex(of: "#") {
            path = String(text[..<mark])
            name = String(text[text.index(after: mark)...])
        }
        title = name.map { "\(path)#\($0)" } ?? path
        file = try WeightSource.open(path, checkpoint: name)
    }

    /// The tensors with the roles that the comparison knows rules for.
    var entries: [WeightEntry] {
        file.entries.map { entry in
            var entry = entry
            entry.role = entry.role.map(ConversionPlanner.refined)
            return entry
        }
    }
}

/// What `retort diff` finds out: the tensors, and what the files say beside them.
struct FileComparison {
    let a: ComparedFile
    let b: ComparedFile
    let weights: WeightComparison
    let architecture: ArchitectureComparison
    /// Keys of the metadata whose values differ or that one side lacks; never a difference.
    let metadataKeys: [String]

    init(_ a: ComparedFile, _ b: ComparedFile, options: ComparisonOptions) {
        self.a = a
        self.b = b
        var (left, right) = (a.entries, b.entries)
        if !options.isLayoutExact {
            // Each looks at the other as it was.
            let unrolled = left.unrollingRecurrentLayers(toMatch: right)
            right = right.unrollingRecurrentLayers(toMatch: left)
            left = unrolled
        }
        weights = WeightComparison(left, right, options: options)
        architecture = ArchitectureComparison(a.file, b.file)
        let (one, other) = (a.file.metadata, b.file.metadata)
        metadataKeys = Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted()
    }

    /// Whether a difference was found, in the tensors or in two graphs that must be alike.
    var isDifferent: Bool { weights.isDifferent || architecture == .different }
    var isEqual: Bool { weights.isEqual && architecture != .different }
}

/// Whether two files say that the model is the same.
enum ArchitectureComparison: String {
    /// Neither file or only one says what the model is.
    case unknown
    case same
    /// Two files of one format with two graphs: a difference.
    case different
    /// Two formats that each word a graph in their own way: told, and not counted.
    case worded = "worded differently"

    init(_ a: WeightFile, _ b: WeightFile) {
        guard let one = a.model?.graph, let other = b.model?.graph else {
            self = .unknown
            return
        }
        if one == other {
            self = .same
        } else {
            self = a.format == b.format ? .different : .worded
        }
    }
}

extension [WeightEntry] {
    /// The tensors with Keras's recurrent layers as PyTorch has them, where `others` are so: a
    /// bias of two rows is two tensors there, so they cannot be compared one by one.
    func unrollingRecurrentLayers(toMatch others: [WeightEntry]) -> [WeightEntry] {
        let names = Set(others.map { $0.name.split { $0 == "/" || $0 == "." }.suffix(2) })
        return flatMap { entry -> [WeightEntry] in
            guard let role = entry.role, role.layout == .keras,
                case .other(let kind) = role.kind,
                let layer = role.layer.split(whereSeparator: { $0 == "/" || $0 == "." }).last,
                names.contains([layer, "weight_ih_l0"]),
                let parts = RecurrentParts(entry, kind: kind)
            else { return [entry] }
            return parts.entries(of: entry, role)
        }
    }
}

/// What becomes of one tensor of a recurrent layer of Keras.
private struct RecurrentParts {
    let parts: [(name: String, move: RecurrentMove?)]

    init?(_ entry: WeightEntry, kind: String) {
        let gates: Int
        switch kind.lowercased() {
        case "lstm": gates = 4
        case "gru": gates = 3
        case "simple_rnn", "simplernn": gates = 1
        default: return nil
        }
        let shape = entry.shape
        let kernel = RecurrentMove(kernel: shape, gates: gates, swapsGates: gates == 3)
        switch entry.role?.kerasName {
        case "kernel": parts = [("weight_ih_l0", kernel)]
        case "recurrent_kernel": parts = [("weight_hh_l0", kernel)]
        case "bias" where gates == 3:
            parts = [
                ("bias_ih_l0", RecurrentMove(bias: shape, row: 0, gates: gates)),
                ("bias_hh_l0", RecurrentMove(bias: shape, row: 1, gates: gates)),
            ]
        case "bias":
            parts = [("bias_ih_l0", nil)]
            return
        default: return nil
        }
        guard parts.allSatisfy({ $0.move != nil }) else { return nil }
    }

    func entries(of entry: WeightEntry, _ role: ParameterRole) -> [WeightEntry] {
        guard let type = entry.elementType else { return [entry] }
        return parts.map { name, move in
            var part = WeightEntry(
                name: "\(entry.name) (\(name))", elementType: type,
                shape: move?.target ?? entry.shape
            ) { () throws(InterchangeError) in
                let tensor = try entry.tensor()
                return try move?.applied(to: tensor) ?? tensor
            }
            part.role = role
            part.role?.layout = .pytorch
            part.role?.parameter = .other(name)
            return part
        }
    }
}
