// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What a pickled object holds, as a flat list: arrays and plain values, named by their paths.
///
/// Keys and indices are joined by dots. Objects of modules are named as PyTorch's `state_dict`
/// names them, so that a whole pickled model and its state have the same names.
struct TorchContents {
    struct Named {
        let name: String
        let array: TorchArray
    }

    private(set) var arrays: [Named] = []
    private(set) var metadata: [String: JSON] = [:]
    private(set) var remarks: [String] = []
    /// Keys that stand twice in one dictionary, of which a loader keeps the last.
    private(set) var duplicates: [String] = []

    /// Of all references in the pickle, whether their tensors are listed or not.
    var storageKeys: [String] {
        graph.persistentValues.compactMap { value in
            let storage = try? objects.storage(value)
            return storage?.key
        }
    }

    private let objects: TorchObjects
    private var graph: PickleGraph { objects.graph }
    private let path: String
    private let object: String
    private var tasks: [Task] = []
    /// The path of the value at hand.
    private var name: [UInt8] = []
    private var ancestors: [PickleValue] = []
    private var usedNames: Set<String> = []
    private var stepsLeft = 1 << 19
    private var nameBytesLeft = 16 << 20
    private var metadataLeft = 4096
    private var unlisted = 0

    /// A value that is yet to be visited, small because there may be many.
    private struct Task {
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

    private static let depthLimit: UInt16 = 256
    private static let longestList = 64
    private static let largestTable = 1024

    /// - Throws: ``InterchangeError`` when the values are nested or repeated beyond the limits.
    init(_ pickle: Pickle, path: String, object: String) throws(InterchangeError) {
        objects = TorchObjects(graph: pickle.graph)
        self.path = path
        self.object = object
        tasks = [
            Task(value: pickle.root, key: .none, step: .root, depth: 0, parentCount: 0)
        ]
        while let task = tasks.popLast() {
            try enter(task)
            try visit(task)
        }
        if unlisted > 0 {
            remarks.append("\(unlisted) values that are no tensors are not listed")
        }
    }

    private func failure(_ problem: String) -> InterchangeError {
        InterchangeError(.malformed, path, "\(object): \(problem)")
    }

    private mutating func spend(_ count: Int) throws(InterchangeError) {
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
        if task.step == .key || task.step == .index {
            let text =
                task.step == .key ? keyText(task.key) : Array(String(task.key.integer ?? 0).utf8)
            if !name.isEmpty { name.append(UInt8(ascii: ".")) }
            name += text
            try spend(1 + text.count / 8)
        } else {
            try spend(1)
        }
    }

    private func keyText(_ key: PickleValue) -> [UInt8] {
        switch graph[key] {
        case .string(let slice): graph.withBytes(of: slice) { Array($0) }
        default: Array(graph.summary(key).utf8)
        }
    }

    /// The path as a name that no other entry has.
    private mutating func uniqueName() throws(InterchangeError) -> String {
        nameBytesLeft -= name.count + 16
        guard nameBytesLeft >= 0 else { throw failure("its names take more than 16 MiB") }
        let base = name.isEmpty ? "tensor" : String(decoding: name, as: UTF8.self)
        if usedNames.insert(base).inserted { return base }
        var number = 2
        while !usedNames.insert("\(base)#\(number)").inserted {
            number += 1
            try spend(1)
        }
        if remarks.count < 16 {
            remarks.append(
                "two tensors are called '\(PickleText.escaped(base))'; the later one is listed as "
                    + "'\(PickleText.escaped(base))#\(number)'")
        }
        return "\(base)#\(number)"
    }

    // MARK: Values

    private mutating func visit(_ task: Task) throws(InterchangeError) {
        if let array = objects.array(task.value) {
            // What a pickle takes for tensors is bounded; what repeats them is bounded here.
            guard arrays.count < max(1 << 16, graph.region.count / 64) else {
                throw failure("it repeats its tensors more often than can be listed")
            }
            arrays.append(Named(name: try uniqueName(), array: array))
            return
        }
        if let leaf = leaf(task.value) { return list(leaf) }
        guard !ancestors.dropLast().contains(task.value) else { return }
        guard task.depth < Self.depthLimit else {
            throw failure("its values are nested more than \(Self.depthLimit) deep")
        }
        try spend(Int(task.depth) / 8)
        switch graph[task.value] {
        case .dictionary: try visitPairs(graph.items(task.value), of: task)
        case .list, .tuple, .set: try visitItems(of: task.value, in: task)
        case .record:
            if let record = graph.record(task.value) { try visit(record, of: task) }
        default: break
        }
    }

    /// Objects: what was given to them, in the order in which it would have been.
    private mutating func visit(
        _ record: PickleRecord, of task: Task
    ) throws(InterchangeError) {
        let global = graph.global(record.callable)
        var children: [Task] = []
        // Attributes of an ordered dictionary are bookkeeping: `_metadata` of a state_dict.
        let isPlain = global?.trust == .plain
        let isNamespace = global?.name.name.hasSuffix("Namespace") == true
        if !isPlain || isNamespace {
            for state in graph.items(record.states) {
                children.append(child(of: task, state, step: .same))
                guard let parts = graph.tuple(state), parts.count == 2 else { continue }
                // (attributes, slots)
                children.removeLast()
                for part in parts { children.append(child(of: task, part, step: .same)) }
            }
        }
        if record.items != .absent {
            children.append(child(of: task, record.items, step: .same))
        }
        if !isPlain || isNamespace
            || ["list", "tuple", "set", "frozenset", "deque", "dict"]
                .contains(global?.name.name)
        {
            for argument in graph.items(record.arguments) {
                children.append(child(of: task, argument, step: .same))
            }
        }
        try spend(children.count)
        tasks += children.reversed()
        if record.pairs != .absent { try visitPairs(graph.items(record.pairs), of: task) }
    }

    private func child(
        of task: Task, _ value: PickleValue, key: PickleValue = .none, step: Task.Step
    ) -> Task {
        Task(
            value: value, key: key, step: step, depth: task.depth + 1,
            parentCount: UInt32(name.count))
    }

    private mutating func visitItems(
        of value: PickleValue, in task: Task
    ) throws(InterchangeError) {
        let items = graph.items(value)
        try spend(items.count / 8)
        if items.allSatisfy({ isScalar($0) }) {
            guard items.count > 0 else { return }
            guard items.count <= Self.longestList else { return tooLong(items.count) }
            return list(.array(items.map { leaf($0) ?? .null }))
        }
        try spend(items.count)
        let first = tasks.count
        for (index, item) in items.enumerated() {
            let key = PickleValue(integer: index) ?? .none
            tasks.append(child(of: task, item, key: key, step: .index))
        }
        tasks[first...].reverse()
    }

    private mutating func visitPairs(
        _ pairs: PickleGraph.Items, of task: Task
    ) throws(InterchangeError) {
        var (keys, values) = ([PickleValue](), [PickleValue]())
        var (places, isTable) = ([Int: Int](), pairs.count / 2 > Self.largestTable)
        var pairs = pairs
        while let key = pairs.next(), let value = pairs.next() {
            try spend(1)
            isTable = isTable && isScalar(value)
            if let place = places.updateValue(keys.count, forKey: try identity(of: key)) {
                places[try identity(of: key)] = place
                values[place] = value
                duplicates.append(PickleText.escaped(String(decoding: keyText(key), as: UTF8.self)))
                continue
            }
            keys.append(key)
            values.append(value)
        }
        if isTable { return tooLong(keys.count) }
        let first = tasks.count
        let isModule = isModuleState(keys)
        for (key, value) in zip(keys, values) {
            let step: Task.Step? = isModule ? moduleStep(key) : .key
            if let step { tasks.append(child(of: task, value, key: key, step: step)) }
        }
        tasks[first...].reverse()
    }

    /// Tells keys apart as a dictionary would; equal for equal keys.
    private mutating func identity(of key: PickleValue) throws(InterchangeError) -> Int {
        var hasher = Hasher()
        switch graph[key] {
        case .string(let slice):
            try spend(Int(slice.count) / 16)
            hasher.combine(0)
            graph.withBytes(of: slice) { hasher.combine(bytes: $0) }
        case .integer(let integer): hasher.combine(integer)
        default:
            hasher.combine(1)
            hasher.combine(key)
        }
        return hasher.finalize()
    }

    // MARK: Modules

    /// Whether the keys are the attributes of a `torch.nn.Module`.
    private func isModuleState(_ keys: [PickleValue]) -> Bool {
        guard keys.count < Self.largestTable else { return false }
        let names = keys.compactMap { graph.string($0) }
        return names.contains("_parameters") && names.contains("_modules")
    }

    /// Nil for what a module keeps for itself.
    private func moduleStep(_ key: PickleValue) -> Task.Step? {
        guard let name = graph.string(key) else { return .key }
        if ["_parameters", "_buffers", "_modules"].contains(name) { return .same }
        return name.hasPrefix("_") || name == "training" ? nil : .key
    }

    // MARK: Plain values

    private func isScalar(_ value: PickleValue) -> Bool {
        switch graph[value] {
        case .none, .bool, .integer, .bigInteger, .float, .string, .bytes: true
        default: false
        }
    }

    /// Nil for what is no plain value.
    private func leaf(_ value: PickleValue) -> JSON? {
        switch graph[value] {
        case .none: return .null
        case .bool(let flag): return .bool(flag)
        case .integer(let integer): return .integer(integer)
        case .float(let number): return .number(number)
        case .string(let slice):
            return .string(graph.text(slice, limit: 1 << 14))
        case .bigInteger, .bytes, .global: return .string(graph.summary(value))
        case .persistent, .tuple, .list, .dictionary, .set: return nil
        case .record:
            guard let record = graph.record(value),
                let name = graph.global(record.callable)?.name
            else { return nil }
            if let number = NumPyArray.scalar(record, in: graph) { return number }
            if name == .init(module: "torch", name: "Size") {
                return objects.integers(value).map { .array($0.map { .integer($0) }) }
            }
            let isValue =
                ["datetime", "decimal", "fractions", "pathlib", "pathlib._local"]
                .contains(name.module)
                || ["device", "dtype", "_get_layout"].contains(name.name)
            return isValue && graph.global(record.callable)?.trust == .plain
                ? .string(graph.summary(value)) : nil
        }
    }

    private mutating func list(_ leaf: JSON) {
        let key = name.isEmpty ? "value" : String(decoding: name.prefix(4096), as: UTF8.self)
        guard metadataLeft > 0, metadata[key] == nil else {
            unlisted += 1
            return
        }
        metadataLeft -= 1
        metadata[key] = leaf
    }

    private mutating func tooLong(_ count: Int) {
        guard remarks.count < 16 else {
            unlisted += count
            return
        }
        let place = name.isEmpty ? "the file" : "'" + String(decoding: name, as: UTF8.self) + "'"
        remarks.append("\(PickleText.escaped(place)) holds \(count) values that are not listed")
    }
}
