// SPDX-License-Identifier: Apache-2.0

/// A value of a pickle: a small integer itself, or a place in the ``PickleGraph`` it belongs to.
///
/// Four bytes whatever it stands for: a hostile pickle makes a value with every byte it has, and
/// a graph of indices is freed without recursion however deeply its values nest.
struct PickleValue: Hashable, Sendable {
    private let bits: UInt32
    private static let integerFlag: UInt32 = 1 << 31

    /// A place that was never written.
    static let absent = PickleValue(bits: .max)
    static let none = PickleValue(node: 0)
    static let emptyTuple = PickleValue(node: 3)

    private init(bits: UInt32) { self.bits = bits }

    init(node: Int) { bits = UInt32(node) }

    init(_ value: Bool) { self.init(node: value ? 2 : 1) }

    /// Nil for integers that need a node of their own.
    init?(integer: Int) {
        // The largest is kept for `absent`.
        guard integer >= 0, integer < Int(Self.integerFlag) - 1 else { return nil }
        bits = UInt32(integer) | Self.integerFlag
    }

    var integer: Int? { bits & Self.integerFlag != 0 ? Int(bits & ~Self.integerFlag) : nil }
    /// Where it stands in the graph; meaningless for a small integer.
    var node: Int { Int(bits) }
}

/// Bytes in the pickle, or behind its end in the text that was decoded from it.
struct PickleSlice: Hashable, Sendable {
    let offset: UInt32
    let count: UInt32
}

/// What a value is.
enum PickleNode: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer of more than 64 bits, as it stands in the file.
    case bigInteger(PickleSlice)
    case float(Double)
    /// UTF-8, unchecked.
    case string(PickleSlice)
    case bytes(PickleSlice)
    case tuple(first: UInt32, count: UInt32)
    case list(UInt32)
    /// Keys and values in turn.
    case dictionary(UInt32)
    case set(UInt32)
    case global(UInt32)
    /// A reference to something beside the pickle: `torch.save`'s storages.
    case persistent(PickleValue)
    case record(UInt32)
}

/// What a loader would have made by calling something, kept as what it would have been made of.
struct PickleRecord: Sendable {
    enum Making: UInt8, Sendable {
        /// `callable(*arguments)`: REDUCE, INST, OBJ.
        case call
        /// `callable.__new__(callable, *arguments)`: NEWOBJ, NEWOBJ_EX.
        case new
    }

    let making: Making
    let callable: PickleValue
    /// As a rule a tuple.
    let arguments: PickleValue
    /// ``PickleValue/absent`` unless there are some.
    let keywords: PickleValue
    /// What BUILD, APPEND and SETITEM added since; lists of the graph, `absent` while empty.
    private(set) var states = PickleValue.absent
    private(set) var items = PickleValue.absent
    private(set) var pairs = PickleValue.absent

    enum Part: Sendable {
        case states
        case items
        /// Keys and values in turn.
        case pairs
    }

    init(
        _ making: Making, _ callable: PickleValue, _ arguments: PickleValue,
        keywords: PickleValue = .absent
    ) {
        self.making = making
        self.callable = callable
        self.arguments = arguments
        self.keywords = keywords
    }

    subscript(part: Part) -> PickleValue {
        get {
            switch part {
            case .states: states
            case .items: items
            case .pairs: pairs
            }
        }
        set {
            switch part {
            case .states: states = newValue
            case .items: items = newValue
            case .pairs: pairs = newValue
            }
        }
    }
}
