// SPDX-License-Identifier: Apache-2.0

import Tensors

/// `gguf_metadata_value_type`.
enum GGUFValueType: UInt32 {
    case u8
    case i8
    case u16
    case i16
    case u32
    case i32
    case f32
    case bool
    case string
    case array
    case u64
    case i64
    case f64

    /// The bytes that one value takes at least.
    var leastByteCount: Int {
        switch self {
        case .u8, .i8, .bool: 1
        case .u16, .i16: 2
        case .u32, .i32, .f32: 4
        case .u64, .i64, .f64, .string: 8
        case .array: 12
        }
    }

    /// Whether every value takes exactly that.
    var isFixed: Bool { self != .string && self != .array }
}

extension GGUFCursor {
    /// Longer arrays, such as a tokenizer's, are shown by their length and first elements.
    private static let longestArray = 64
    private static let shownElements = 8
    /// Arrays inside arrays; the format allows them and no model has any.
    private static let depthLimit = 4

    mutating func valueType() throws(InterchangeError) -> GGUFValueType {
        let code = try number(UInt32.self)
        guard let type = GGUFValueType(rawValue: code) else {
            throw InterchangeError(
                .malformed, path, found: "a value of type \(code)", expected: "a type from 0 to 12")
        }
        return type
    }

    mutating func value(
        _ type: GGUFValueType, key: String, budget: inout MetadataBudget, depth: Int = 0
    ) throws(InterchangeError) -> JSON {
        switch type {
        case .u8: return .integer(Int(try number(UInt8.self)))
        case .i8: return .integer(Int(try number(Int8.self)))
        case .u16: return .integer(Int(try number(UInt16.self)))
        case .i16: return .integer(Int(try number(Int16.self)))
        case .u32: return .integer(Int(try number(UInt32.self)))
        case .i32: return .integer(Int(try number(Int32.self)))
        case .i64: return .integer(Int(try number(Int64.self)))
        case .u64:
            let value = try number(UInt64.self)
            return Int(exactly: value).map { .integer($0) } ?? .number(Double(value))
        case .f32: return .float(Float(bitPattern: try number(UInt32.self)))
        case .f64: return .number(Double(bitPattern: try number(UInt64.self)))
        case .bool:
            let byte = try number(UInt8.self)
            guard byte <= 1 else {
                throw InterchangeError(
                    .malformed, path, found: "the byte \(byte) for '\(key)'", expected: "0 or 1")
            }
            return .bool(byte == 1)
        case .string: return .string(budget.shortened(try string("the value of '\(key)'")))
        case .array: return try array(key: key, budget: &budget, depth: depth)
        }
    }

    private mutating func array(
        key: String, budget: inout MetadataBudget, depth: Int
    ) throws(InterchangeError) -> JSON {
        guard depth < Self.depthLimit else {
            throw InterchangeError(
                .malformed, path, "'\(key)' has more than \(Self.depthLimit) arrays in one another")
        }
        let type = try valueType()
        let count = try count("elements of '\(key)'", least: type.leastByteCount)
        var shown = count <= Self.longestArray ? count : Self.shownElements
        if !budget.take(elements: shown) { shown = 0 }
        var elements: [JSON] = []
        for _ in 0..<shown {
            elements.append(try value(type, key: key, budget: &budget, depth: depth + 1))
        }
        guard shown < count else { return .array(elements) }
        if type.isFixed {
            try skip((count - shown) * type.leastByteCount)
        } else {
            for _ in shown..<count { try skipValue(type, key: key, depth: depth + 1) }
        }
        return ["length": .integer(count), "first": .array(elements)]
    }

    private mutating func skipValue(
        _ type: GGUFValueType, key: String, depth: Int
    ) throws(InterchangeError) {
        switch type {
        case .string: _ = try stringBytes("an element of '\(key)'")
        case .array:
            guard depth < Self.depthLimit else {
                throw InterchangeError(
                    .malformed, path,
                    "'\(key)' has more than \(Self.depthLimit) arrays in one another")
            }
            let inner = try valueType()
            let count = try count("elements of '\(key)'", least: inner.leastByteCount)
            if inner.isFixed { return try skip(count * inner.leastByteCount) }
            for _ in 0..<count { try skipValue(inner, key: key, depth: depth + 1) }
        default: try skip(type.leastByteCount)
        }
    }
}
