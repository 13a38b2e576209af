// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The inert values of one pickle.
///
/// All values lie in a few arrays and refer to each other by index. Items of lists, dictionaries
/// and sets are cells of one pool, so that an empty container takes a few bytes and appending
/// never moves anything.
struct PickleGraph: Sendable {
    private struct Cell: Sendable {
        let value: PickleValue
        var next: UInt32
    }

    private struct Container: Sendable {
        var first = PickleGraph.end
        var last = PickleGraph.end
        var count: UInt32 = 0
    }

    /// A naive loader's imports; real files name a few dozen.
    static let globalLimit = 10_000
    private static let end = UInt32.max

    /// Keeps the pickle's bytes, which strings are views of.
    let region: ByteRegion
    private var nodes: [PickleNode] = [
        .none, .bool(false), .bool(true), .tuple(first: 0, count: 0),
    ]
    private var elements: [PickleValue] = []
    private var cells: [Cell] = []
    private var containers: [Container] = []
    private var records: [PickleRecord] = []
    private(set) var globals: [PickleGlobal] = []
    private var globalIndices: [PickleGlobal.Name: UInt32] = [:]
    private var decoded: [UInt8] = []

    init(_ region: ByteRegion) { self.region = region }

    /// Whether it holds more than any checkpoint of a known trainer does. The limits are such that
    /// a pickle made to fill the memory is refused below 64 MB.
    var isFull: Bool {
        nodes.count > 1 << 20 || cells.count > 1 << 21 || elements.count > 1 << 20
            || containers.count > 1 << 19 || records.count > 1 << 18 || decoded.count > 1 << 24
    }

    subscript(_ value: PickleValue) -> PickleNode {
        if let integer = value.integer { return .integer(integer) }
        return nodes[value.node]
    }

    // MARK: Adding

    mutating func add(_ node: PickleNode) -> PickleValue {
        nodes.append(node)
        return PickleValue(node: nodes.count - 1)
    }

    mutating func addTuple(_ items: ArraySlice<PickleValue>) -> PickleValue {
        if items.isEmpty { return .emptyTuple }
        let first = UInt32(elements.count)
        elements.append(contentsOf: items)
        return add(.tuple(first: first, count: UInt32(items.count)))
    }

    mutating func addContainer() -> UInt32 {
        containers.append(Container())
        return UInt32(containers.count - 1)
    }

    mutating func append(_ value: PickleValue, to container: UInt32) {
        let cell = UInt32(cells.count)
        cells.append(Cell(value: value, next: Self.end))
        let index = Int(container)
        if containers[index].count == 0 {
            containers[index].first = cell
        } else {
            cells[Int(containers[index].last)].next = cell
        }
        containers[index].last = cell
        containers[index].count += 1
    }

    mutating func addRecord(_ record: PickleRecord) -> PickleValue {
        records.append(record)
        return add(.record(UInt32(records.count - 1)))
    }

    /// Appends to one of a record's three containers, making it when it is the first.
    mutating func append(
        _ value: PickleValue, to part: PickleRecord.Part, of record: UInt32
    ) {
        if records[Int(record)][part] == .absent {
            records[Int(record)][part] = add(.list(addContainer()))
        }
        if case .list(let container) = self[records[Int(record)][part]] {
            append(value, to: container)
        }
    }

    /// Nil when there are too many.
    mutating func addGlobal(_ name: PickleGlobal.Name, offset: Int) -> PickleValue? {
        if let known = globalIndices[name] { return globals[Int(known)].value }
        guard globals.count < Self.globalLimit else { return nil }
        let index = UInt32(globals.count)
        let value = add(.global(index))
        globals.append(PickleGlobal(name: name, offset: offset, value: value))
        globalIndices[name] = index
        return value
    }

    mutating func note(_ use: PickleGlobal.Use, of global: UInt32) {
        globals[Int(global)].note(use)
    }

    /// Text that stands escaped in the pickle.
    mutating func addDecoded(_ bytes: [UInt8]) -> PickleSlice {
        let offset = UInt32(region.count + decoded.count)
        decoded += bytes
        return PickleSlice(offset: offset, count: UInt32(bytes.count))
    }

    // MARK: Reading

    func tuple(_ value: PickleValue) -> ArraySlice<PickleValue>? {
        guard case .tuple(let first, let count) = self[value] else { return nil }
        return elements[Int(first)..<(Int(first) + Int(count))]
    }

    /// The items of a tuple, list or set; keys and values in turn of a dictionary.
    func items(_ value: PickleValue) -> Items {
        switch self[value] {
        case .tuple(let first, let count):
            Items(graph: self, cell: Self.end, element: Int(first), left: Int(count))
        case .list(let container), .dictionary(let container), .set(let container):
            Items(
                graph: self, cell: containers[Int(container)].first, element: 0,
                left: Int(containers[Int(container)].count))
        default: Items(graph: self, cell: Self.end, element: 0, left: 0)
        }
    }

    func record(_ value: PickleValue) -> PickleRecord? {
        guard case .record(let index) = self[value] else { return nil }
        return records[Int(index)]
    }

    func global(_ value: PickleValue) -> PickleGlobal? {
        guard case .global(let index) = self[value] else { return nil }
        return globals[Int(index)]
    }

    /// All references to what lies beside the pickle.
    var persistentValues: some Sequence<PickleValue> {
        nodes.indices.lazy.filter { index in
            if case .persistent = nodes[index] { true } else { false }
        }.map { PickleValue(node: $0) }
    }

    func withBytes<Result>(
        of slice: PickleSlice, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let range = Int(slice.offset)..<(Int(slice.offset) + Int(slice.count))
        if range.lowerBound >= region.count, !range.isEmpty {
            return decoded.withUnsafeBytes { bytes in
                let shifted = (range.lowerBound - region.count)..<(range.upperBound - region.count)
                return body(UnsafeRawBufferPointer(rebasing: bytes[shifted]))
            }
        }
        return body(UnsafeRawBufferPointer(rebasing: region.bytes[range]))
    }

    /// The string, its malformed parts replaced, of at most `limit` bytes.
    func text(_ slice: PickleSlice, limit: Int = .max) -> String {
        withBytes(of: slice) { String(decoding: $0.prefix(limit), as: UTF8.self) }
    }

    /// The string that `value` is, if it is one of at most 64 KiB.
    func string(_ value: PickleValue) -> String? {
        guard case .string(let slice) = self[value], slice.count <= 1 << 16 else { return nil }
        return text(slice)
    }

    func integer(_ value: PickleValue) -> Int? {
        switch self[value] {
        case .integer(let integer): integer
        case .bool(let flag): flag ? 1 : 0
        default: nil
        }
    }

    /// The integers of a tuple or list, if it holds nothing else and at most `limit`.
    func integers(_ value: PickleValue, limit: Int) -> [Int]? {
        switch self[value] {
        case .tuple, .list: break
        default: return nil
        }
        let items = items(value)
        guard items.count <= limit else { return nil }
        var integers: [Int] = []
        for item in items {
            guard let integer = integer(item) else { return nil }
            integers.append(integer)
        }
        return integers
    }

    struct Items: Sequence, IteratorProtocol {
        fileprivate let graph: PickleGraph
        fileprivate var cell: UInt32
        fileprivate var element: Int
        fileprivate var left: Int

        var count: Int { left }

        mutating func next() -> PickleValue? {
            guard left > 0 else { return nil }
            left -= 1
            if cell != PickleGraph.end {
                let found = graph.cells[Int(cell)]
                cell = found.next
                return found.value
            }
            defer { element += 1 }
            return graph.elements[element]
        }
    }
}
