// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Visits the values of a pickle in order and lists what they hold.
///
/// A few values can refer to each other so that they have more paths than atoms in the world, and
/// nest deeper than any stack; the walk keeps its own stack and counts its steps.
struct TorchWalk {
    /// A value that is yet to be visited, small because there may be many.
    struct Task {
        enum Step: UInt8 {
            case root
            case key
            case index
            /// Takes the path of what it is part of.
            case same
        }

        let value: PickleValue
        let key: PickleValue
        let step: Step
        let depth: UInt16
        let parentCount: UInt32
    }

    static let depthLimit: UInt16 = 256
    /// Lists of plain values up to here are metadata.
    static let longestList = 64
    /// Dictionaries of plain values up to here are metadata; longer ones are vocabularies.
    static let largestTable = 1024

    let objects: TorchObjects
    var graph: PickleGraph { objects.graph }
    var found: TorchContents
    var tasks: [Task] = []
    /// The path of the value at hand.
    private(set) var name: [UInt8] = []
    private(set) var ancestors: [PickleValue] = []
    var metadataLeft = 4096
    var unlisted = 0
    private let path: String
    private let object: String
    /// By bytes: two spellings of one letter are two names.
    private var usedNames: Set<[UInt8]> = []
    private var stepsLeft = 1 << 19
    private var nameBytesLeft = 16 << 20

    init(_ pickle: Pickle, into found: TorchContents, path: String, object: String) {
        objects = TorchObjects(graph: pickle.graph)
        self.found = found
        self.path = path
        self.object = object
    }

    mutating func contents(from root: PickleValue) throws(InterchangeError) -> TorchContents {
        tasks = [Task(value: root, key: .none, step: .root, depth: 0, parentCount: 0)]
        while let task = tasks.popLast() {
            try enter(task)
            try visit(task)
        }
        if unlisted > 0 {
            found.remarks.append("\(unlisted) values that are no tensors are not listed")
        }
        return found
    }

    func failure(_ problem: String) -> InterchangeError {
        InterchangeError(.malformed, path, "\(object): \(problem)")
    }

    mutating func spend(_ count: Int) throws(InterchangeError) {
        stepsLeft -= count
        guard stepsLeft >= 0 else {
            throw failure("its values repeat each other more often than can be listed")
        }
    }

    // MARK: Names

    private mutating func enter(_ task: Task) throws(InterchangeError) {
        name.removeLast(name.count - Int(task.parentCount))
        ancestors.removeLast(ancestors.count - Int(task.depth))
        ancestors.append(task.value)
        try spend(1)
        let text: [UInt8]
        switch task.step {
        case .root, .same: return
        case .key: text = keyText(task.key)
        case .index: text = Array(String(task.key.integer ?? 0).utf8)
        }
        if !name.isEmpty { name.append(UInt8(ascii: ".")) }
        name += text
        try spend(text.count / 8)
    }

    func keyText(_ key: PickleValue) -> [UInt8] {
        guard case .string(let slice) = graph[key] else { return Array(graph.summary(key).utf8) }
        return graph.withBytes(of: slice) { Array($0) }
    }

    func child(
        of task: Task, _ value: PickleValue, key: PickleValue = .none, step: Task.Step
    ) -> Task {
        Task(
            value: value, key: key, step: step, depth: task.depth + 1,
            parentCount: UInt32(name.count))
    }

    /// The path as a name that no other entry has.
    private mutating func uniqueName() throws(InterchangeError) -> String {
        nameBytesLeft -= name.count + 16
        guard nameBytesLeft >= 0 else { throw failure("its names take more than 16 MiB") }
        // Decoded first: bytes that are no text become the same text.
        let base = name.isEmpty ? "tensor" : String(decoding: name, as: UTF8.self)
        var unique = Array(base.utf8)
        if usedNames.insert(unique).inserted { return base }
        var number = 1
        repeat {
            number += 1
            unique = Array("\(base)#\(number)".utf8)
            try spend(1)
        } while !usedNames.insert(unique).inserted
        if found.remarks.count < 16 {
            let shown = PickleText.escaped(base)
            found.remarks.append(
                "two tensors are called '\(shown)'; the later one is listed as"
                    + " '\(shown)#\(number)'")
        }
        return "\(base)#\(number)"
    }

    mutating func list(_ array: TorchArray) throws(InterchangeError) {
        // What a pickle takes for tensors is bounded; what repeats them is bounded here.
        guard found.arrays.count < max(1 << 16, graph.region.count / 64) else {
            throw failure("it repeats its tensors more often than can be listed")
        }
        found.arrays.append(.init(name: try uniqueName(), array: array))
    }
}
