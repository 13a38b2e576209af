// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Runs a pickle without doing what it says: nothing is imported and nothing is called.
///
/// A pickle is a program for a stack machine (Python's `Lib/pickletools.py` describes all of it).
/// This machine builds plain values as the program asks, and where the program calls something it
/// makes a record of the call and goes on. Time and memory are bounded by the constants below,
/// whatever the pickle holds.
struct PickleMachine {
    static let opcodeLimit = 1 << 23
    static let stackLimit = 1 << 20
    static let markLimit = 1 << 16
    /// Of a number or a name written as text.
    static let lineLimit = 1 << 20

    let region: ByteRegion
    let path: String
    /// What the pickle is called in sentences: `data.pkl`.
    let object: String
    var graph: PickleGraph
    var stack: [PickleValue] = []
    /// Stack heights at which marks stand.
    var marks: [UInt32] = []
    var memo: [PickleValue] = []
    var memoCount = 0
    var position: Int
    /// Where the opcode at hand stands.
    var opcodeOffset: Int
    /// Calls of what an earlier call gave, which no name can be found for.
    var computedCalls: [(callable: PickleValue, arguments: PickleValue)] = []
    var computedCallCount = 0

    init(_ region: ByteRegion, at offset: Int = 0, path: String, object: String) {
        self.region = region
        self.path = path
        self.object = object
        graph = PickleGraph(region)
        position = offset
        opcodeOffset = offset
    }

    func failure(_ problem: String) -> InterchangeError {
        InterchangeError(.malformed, path, "\(object): \(problem) at byte \(opcodeOffset)")
    }

    /// Runs to STOP.
    ///
    /// - Throws: ``InterchangeError`` with the offset of the first opcode that breaks the rules or
    ///   a limit, and with what a trusting loader would have called until then.
    mutating func run() throws(InterchangeError) -> Pickle {
        do throws(InterchangeError) {
            let root = try runToStop()
            return Pickle(
                graph: graph, root: root, end: position, computedCalls: computedCalls,
                computedCallCount: computedCallCount)
        } catch {
            let pickle = Pickle(
                graph: graph, root: .none, end: position, computedCalls: computedCalls,
                computedCallCount: computedCallCount)
            guard let first = pickle.calls.first else { throw error }
            throw InterchangeError(
                error.kind, path,
                "\(error.problem); a loader that trusts this file would by then have called "
                    + first)
        }
    }

    private mutating func runToStop() throws(InterchangeError) -> PickleValue {
        let bytes = region.bytes
        guard bytes.count < Int(Int32.max) else {
            throw failure("the pickle is longer than 2 GiB")
        }
        for _ in 0..<Self.opcodeLimit {
            opcodeOffset = position
            guard position < bytes.count else { throw failure("the pickle ends without STOP") }
            guard let opcode = PickleOpcode(rawValue: bytes[position]) else {
                let byte = String(bytes[position], radix: 16)
                throw failure("0x\(byte) is no pickle opcode")
            }
            position += 1
            if opcode == .stop { return try pop() }
            try step(opcode)
            guard !graph.isFull, stack.count <= Self.stackLimit, marks.count <= Self.markLimit
            else { throw failure("the pickle makes more values than are taken") }
        }
        throw failure("the pickle has more than \(Self.opcodeLimit) opcodes")
    }

    private mutating func step(_ opcode: PickleOpcode) throws(InterchangeError) {
        switch opcode {
        case .stop: break
        case .mark: marks.append(UInt32(stack.count))
        case .pop: try drop()
        case .popMark: stack.removeLast(stack.count - (try takeMark()))
        case .dup: stack.append(try top())
        case .none: push(.none)
        case .newTrue: push(PickleValue(true))
        case .newFalse: push(PickleValue(false))
        case .int, .binInt, .binInt1, .binInt2, .long, .long1, .long4, .float, .binFloat:
            push(try number(opcode))
        case .string, .binString, .shortBinString, .unicode, .binUnicode, .shortBinUnicode,
            .binUnicode8, .binBytes, .shortBinBytes, .binBytes8, .byteArray8:
            push(try text(opcode))
        case .emptyTuple, .emptyList, .emptyDict, .emptySet, .tuple, .tuple1, .tuple2, .tuple3,
            .list, .dict, .frozenSet:
            push(try container(opcode))
        case .append, .appends, .addItems: try appendItems(opcode)
        case .setItem, .setItems: try setItems(opcode)
        case .get, .binGet, .longBinGet: try recall(opcode)
        case .put, .binPut, .longBinPut, .memoize: try memoize(opcode)
        case .global, .stackGlobal, .ext1, .ext2, .ext4: push(try global(opcode))
        case .reduce, .inst, .obj, .newObj, .newObjEx: push(try record(opcode))
        case .build: try build()
        case .persID: push(graph.add(.persistent(graph.add(.string(try line())))))
        case .binPersID: push(graph.add(.persistent(try pop())))
        case .proto:
            let version = try byte()
            guard version <= 5 else {
                throw failure("found pickle protocol \(version), expected at most 5")
            }
        case .frame:
            let count = try count(byteCount: 8)
            guard count <= region.count - position else {
                throw failure("a frame of \(count) bytes does not fit in the pickle")
            }
        case .nextBuffer, .readOnlyBuffer:
            throw failure("the pickle asks for a buffer that is not in the file")
        }
    }

    // MARK: The stack

    mutating func push(_ value: PickleValue) { stack.append(value) }

    /// The height that the last mark guards.
    var floor: Int { marks.last.map(Int.init) ?? 0 }

    func top() throws(InterchangeError) -> PickleValue {
        guard stack.count > floor, let value = stack.last else {
            throw failure("the pickle takes a value from an empty stack")
        }
        return value
    }

    mutating func pop() throws(InterchangeError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    /// POP takes a value, or the mark when it stands on top.
    private mutating func drop() throws(InterchangeError) {
        if let mark = marks.last, Int(mark) == stack.count {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    /// The height at which the last mark stands, which is taken away.
    mutating func takeMark() throws(InterchangeError) -> Int {
        guard let mark = marks.popLast() else { throw failure("the pickle lacks a mark") }
        return Int(mark)
    }

    // MARK: The memo

    private mutating func recall(_ opcode: PickleOpcode) throws(InterchangeError) {
        let index = try memoIndex(opcode)
        guard index < memo.count, memo[index] != .absent else {
            throw failure("the pickle recalls value \(index), which it never kept")
        }
        push(memo[index])
    }

    private mutating func memoize(_ opcode: PickleOpcode) throws(InterchangeError) {
        let value = try top()
        let index = opcode == .memoize ? memoCount : try memoIndex(opcode)
        // Python numbers what it keeps, so an index beyond all values is made up.
        guard index < Self.stackLimit else {
            throw failure("found memo index \(index), expected at most \(Self.stackLimit)")
        }
        while memo.count <= index { memo.append(.absent) }
        if memo[index] == .absent { memoCount += 1 }
        memo[index] = value
    }

    private mutating func memoIndex(_ opcode: PickleOpcode) throws(InterchangeError) -> Int {
        switch opcode {
        case .binGet, .binPut: return Int(try byte())
        case .longBinGet, .longBinPut: return try count(byteCount: 4)
        default:
            guard let index = Int(graph.text(try line())), index >= 0 else {
                throw failure("a memo index is no number")
            }
            return index
        }
    }
}
