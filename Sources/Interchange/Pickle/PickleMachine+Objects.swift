// SPDX-License-Identifier: Apache-2.0

/// Containers, and everything a loader would import or call.
extension PickleMachine {
    // MARK: Containers

    mutating func container(_ opcode: PickleOpcode) throws(InterchangeError) -> PickleValue {
        switch opcode {
        case .emptyTuple: return .emptyTuple
        case .emptyList: return graph.add(.list(graph.addContainer()))
        case .emptyDict: return graph.add(.dictionary(graph.addContainer()))
        case .emptySet: return graph.add(.set(graph.addContainer()))
        case .tuple1, .tuple2, .tuple3:
            let count = Int(opcode.rawValue - PickleOpcode.tuple1.rawValue) + 1
            guard stack.count - floor >= count else {
                throw failure("the pickle takes a value from an empty stack")
            }
            return takeTuple(from: stack.count - count)
        case .tuple: return takeTuple(from: try takeMark())
        default:
            let start = try takeMark()
            let container = graph.addContainer()
            for item in stack[start...] { graph.append(item, to: container) }
            let count = stack.count - start
            stack.removeLast(count)
            if opcode == .list { return graph.add(.list(container)) }
            if opcode == .frozenSet { return graph.add(.set(container)) }
            guard count.isMultiple(of: 2) else { throw failure("a key has no value") }
            return graph.add(.dictionary(container))
        }
    }

    /// Takes the values from `start` on off the stack. No slice of the stack outlives the call
    /// that reads it, or else the whole stack would be copied here.
    private mutating func takeTuple(from start: Int) -> PickleValue {
        let value = graph.addTuple(stack[start...])
        stack.removeLast(stack.count - start)
        return value
    }

    /// The values that an opcode adds to what lies below them.
    private mutating func addedItems(
        _ opcode: PickleOpcode, single: PickleOpcode, count: Int
    ) throws(InterchangeError) -> [PickleValue] {
        let start: Int
        if opcode == single {
            guard stack.count - floor >= count else {
                throw failure("the pickle takes a value from an empty stack")
            }
            start = stack.count - count
        } else {
            start = try takeMark()
        }
        let items = Array(stack[start...])
        stack.removeLast(items.count)
        return items
    }

    mutating func appendItems(_ opcode: PickleOpcode) throws(InterchangeError) {
        let items = try addedItems(opcode, single: .append, count: 1)
        switch graph[try top()] {
        case .list(let container), .set(let container):
            for item in items { graph.append(item, to: container) }
        case .record(let record):
            for item in items { graph.append(item, to: .items, of: record) }
        case .global(let global): graph.note(.items, of: global)
        default: throw failure("the pickle appends to what is no list")
        }
    }

    mutating func setItems(_ opcode: PickleOpcode) throws(InterchangeError) {
        let items = try addedItems(opcode, single: .setItem, count: 2)
        guard items.count.isMultiple(of: 2) else { throw failure("a key has no value") }
        switch graph[try top()] {
        case .dictionary(let container):
            for item in items { graph.append(item, to: container) }
        case .record(let record):
            for item in items { graph.append(item, to: .pairs, of: record) }
        case .global(let global): graph.note(.items, of: global)
        default: throw failure("the pickle sets an item of what is no dictionary")
        }
    }

    // MARK: Imports

    mutating func global(_ opcode: PickleOpcode) throws(InterchangeError) -> PickleValue {
        switch opcode {
        case .global:
            let module = try line()
            return try named(module, try line())
        case .stackGlobal:
            let (name, module) = (try pop(), try pop())
            guard case .string(let nameText) = graph[name],
                case .string(let moduleText) = graph[module]
            else { throw failure("the pickle imports by what is no name") }
            return try named(moduleText, nameText)
        default:
            let byteCount = opcode == .ext1 ? 1 : opcode == .ext2 ? 2 : 4
            let code = try count(byteCount: byteCount)
            return try global("copyreg extension", String(code))
        }
    }

    private mutating func named(
        _ module: PickleSlice, _ name: PickleSlice
    ) throws(InterchangeError) -> PickleValue {
        // Names that are known are short; of others the beginning is enough to tell them.
        try global(graph.text(module, limit: 256), graph.text(name, limit: 256))
    }

    private mutating func global(
        _ module: String, _ name: String
    ) throws(InterchangeError) -> PickleValue {
        let name = PickleGlobal.Name(module: module, name: name)
        guard let value = graph.addGlobal(name, offset: opcodeOffset) else {
            throw failure("the pickle imports more than \(PickleGraph.globalLimit) names")
        }
        return value
    }

    // MARK: Calls

    mutating func record(_ opcode: PickleOpcode) throws(InterchangeError) -> PickleValue {
        switch opcode {
        case .reduce:
            let arguments = try pop()
            return call(try pop(), arguments)
        case .newObj:
            let arguments = try pop()
            return call(try pop(), arguments, making: .new)
        case .newObjEx:
            let (keywords, arguments) = (try pop(), try pop())
            return call(try pop(), arguments, keywords: keywords, making: .new)
        case .inst:
            let module = try line()
            let callable = try named(module, try line())
            return call(callable, takeTuple(from: try takeMark()))
        default:
            let start = try takeMark()
            guard start < stack.count else { throw failure("an object has no class") }
            let arguments = takeTuple(from: start + 1)
            return call(try pop(), arguments)
        }
    }

    private mutating func call(
        _ callable: PickleValue, _ arguments: PickleValue, keywords: PickleValue = .absent,
        making: PickleRecord.Making = .call
    ) -> PickleValue {
        note(callable, arguments, making: making, depth: 0)
        return graph.addRecord(PickleRecord(making, callable, arguments, keywords: keywords))
    }

    /// Remembers that `callable` would be called, and what it would call in turn.
    private mutating func note(
        _ callable: PickleValue, _ arguments: PickleValue, making: PickleRecord.Making, depth: Int
    ) {
        guard case .global(let index) = graph[callable] else {
            computedCallCount += 1
            if computedCalls.count < 8 { computedCalls.append((callable, arguments)) }
            return
        }
        let global = graph.globals[Int(index)]
        let items = graph.tuple(arguments) ?? []
        if global.takes(items, making: making, in: graph) {
            graph.note(.call(arguments), of: index)
        } else {
            graph.note(.misuse(arguments), of: index)
        }
        guard depth < 4, let inner = global.calledArgument, items.count > inner else { return }
        note(
            items[items.startIndex + inner],
            items.count > 2 ? items[items.startIndex + 2] : .emptyTuple,
            making: global.callsNew ? .new : .call, depth: depth + 1)
    }

    mutating func build() throws(InterchangeError) {
        let state = try pop()
        switch graph[try top()] {
        case .record(let record):
            graph.append(state, to: .states, of: record)
            guard let callable = graph.record(try top())?.callable else { return }
            if case .global(let global) = graph[callable] {
                graph.note(.state(state), of: global)
            }
        case .global(let global): graph.note(.state(state), of: global)
        case .persistent: break
        default: throw failure("the pickle gives a state to what is no object")
        }
    }
}
