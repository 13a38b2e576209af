// SPDX-License-Identifier: Apache-2.0

import Tensors

extension TorchWalk {
    mutating func visit(_ task: Task) throws(InterchangeError) {
        if let array = objects.array(task.value) { return try list(array) }
        if let leaf = leaf(task.value) { return list(leaf) }
        if ancestors.dropLast().contains(task.value) { return }
        guard task.depth < Self.depthLimit else {
            throw failure("its values are nested more than \(Self.depthLimit) deep")
        }
        try spend(Int(task.depth) / 8)
        switch graph[task.value] {
        case .dictionary: try visit(pairs: task.value, of: task)
        case .list, .tuple, .set: try visit(items: task.value, of: task)
        case .record:
            if let record = graph.record(task.value) { try visit(record, of: task) }
        default: break
        }
    }

    /// Objects: what was given to them. Everything takes the object's own path.
    private mutating func visit(
        _ record: PickleRecord, of task: Task
    ) throws(InterchangeError) {
        let global = graph.global(record.callable)
        let name = global?.name.name ?? ""
        let isPlain = global?.trust == .plain
        // Attributes of an ordered dictionary are bookkeeping: `_metadata` of a state_dict.
        let hasAttributes = !isPlain || name.hasSuffix("Namespace") || name == "_reconstructor"
        let arguments = graph.tuple(record.arguments) ?? []
        var parts: [PickleValue] = []
        if hasAttributes {
            for state in graph.items(record.states) {
                // (attributes, slots)
                let halves = graph.tuple(state)?.count == 2 ? Array(graph.items(state)) : [state]
                parts += halves
            }
        }
        if record.items != .absent { parts.append(record.items) }
        if !isPlain, !arguments.isEmpty {
            parts.append(record.arguments)
        } else if isPlain, let first = arguments.first, Self.containers.contains(name) {
            parts.append(first)
        }
        try spend(parts.count)
        for part in parts.reversed() { tasks.append(child(of: task, part, step: .same)) }
        if record.pairs != .absent {
            try visit(pairs: record.pairs, of: task)
        } else if name == "OrderedDict", let first = arguments.first {
            try visit(listedPairs: first, of: task)
        }
    }

    private static let containers: Set<String> = [
        "Counter", "deque", "dict", "frozenset", "list", "set", "tuple",
    ]

    private mutating func visit(
        items value: PickleValue, of task: Task
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

    // MARK: Dictionaries

    private mutating func visit(
        pairs value: PickleValue, of task: Task
    ) throws(InterchangeError) {
        var items = graph.items(value)
        try spend(items.count / 2)
        var pairs: [(key: PickleValue, value: PickleValue)] = []
        while let key = items.next(), let value = items.next() { pairs.append((key, value)) }
        try visit(pairs, of: task)
    }

    /// Python 2 gave an ordered dictionary its items as a list of pairs.
    private mutating func visit(
        listedPairs list: PickleValue, of task: Task
    ) throws(InterchangeError) {
        let items = graph.items(list)
        try spend(items.count)
        var pairs: [(key: PickleValue, value: PickleValue)] = []
        for item in items {
            let pair = graph.items(item)
            guard pair.count == 2 else { continue }
            let halves = Array(pair)
            pairs.append((halves[0], halves[1]))
        }
        try visit(pairs, of: task)
    }

    private mutating func visit(
        _ pairs: [(key: PickleValue, value: PickleValue)], of task: Task
    ) throws(InterchangeError) {
        var kept: [(key: PickleValue, value: PickleValue)] = []
        var places: [Int: Int] = [:]
        var isTable = pairs.count > Self.largestTable
        for pair in pairs {
            isTable = isTable && isScalar(pair.value)
            let identity = try identity(of: pair.key)
            if let place = places[identity] {
                kept[place].value = pair.value
                found.duplicates.append(
                    PickleText.escaped(String(decoding: keyText(pair.key), as: UTF8.self)))
            } else {
                places[identity] = kept.count
                kept.append(pair)
            }
        }
        if isTable { return tooLong(kept.count) }
        let first = tasks.count
        let isModule = isModuleState(kept.map(\.key))
        for pair in kept {
            let step: Task.Step? = isModule ? moduleStep(pair.key) : .key
            if let step { tasks.append(child(of: task, pair.value, key: pair.key, step: step)) }
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
}
