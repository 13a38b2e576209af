// SPDX-License-Identifier: Apache-2.0

/// Where and why a JSON text is malformed.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    /// Offset in bytes from the start of the text.
    public let offset: Int

    public var description: String { "\(reason) at byte \(offset) of the JSON text" }
}

extension JSON {
    /// Reads one JSON text (RFC 8259), strictly: no duplicate keys, no trailing text, at most 128
    /// levels. Files from strangers go through here, so nothing is guessed and nothing recurses
    /// without bound.
    ///
    /// - Throws: ``JSONError`` with the byte offset.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.parseText()
    }

    public init(parsing text: String) throws(JSONError) {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONError) in try JSON(parsing: buffer) }
        }
        self = try result.get()
    }
}

private struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    var depth = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    func failure(_ reason: String) -> JSONError { JSONError(reason: reason, offset: position) }

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func parseText() throws(JSONError) -> JSON {
        let value = try parseValue()
        skipSpace()
        guard position == bytes.count else { throw failure("unexpected text after the value") }
        return value
    }

    mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    mutating func parseValue() throws(JSONError) -> JSON {
        skipSpace()
        switch current {
        case nil: throw failure("the text ends early")
        case UInt8(ascii: "{"):
            return try nested { (parser) throws(JSONError) in try parser.parseObject() }
        case UInt8(ascii: "["):
            return try nested { (parser) throws(JSONError) in try parser.parseArray() }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        default: return try parseNumber()
        }
    }

    mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSON
    ) throws(JSONError) -> JSON {
        guard depth < 128 else { throw failure("more than 128 levels") }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try body(&self)
    }

    mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard current == word.utf8Start[offset] else { throw failure("unknown word") }
            position += 1
        }
        return value
    }

    mutating func accept(_ byte: UInt8) -> Bool {
        skipSpace()
        guard current == byte else { return false }
        position += 1
        return true
    }

    mutating func parseObject() throws(JSONError) -> JSON {
        var members: [String: JSON] = [:]
        if accept(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("expected a key") }
            let key = try parseString()
            guard accept(UInt8(ascii: ":")) else { throw failure("expected ':'") }
            guard members.updateValue(try parseValue(), forKey: key) == nil else {
                throw failure("the key '\(key)' stands twice")
            }
            if accept(UInt8(ascii: "}")) { return .object(members) }
            guard accept(UInt8(ascii: ",")) else { throw failure("expected ',' or '}'") }
        }
    }

    mutating func parseArray() throws(JSONError) -> JSON {
        var elements: [JSON] = []
        if accept(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try parseValue())
            if accept(UInt8(ascii: "]")) { return .array(elements) }
            guard accept(UInt8(ascii: ",")) else { throw failure("expected ',' or ']'") }
        }
    }

    mutating func parseNumber() throws(JSONError) -> JSON {
        let start = position
        var isInteger = true
        if current == UInt8(ascii: "-") { position += 1 }
        let leadingZero = current == UInt8(ascii: "0")
        let whole = skipDigits()
        guard whole > 0, !(leadingZero && whole > 1) else { throw failure("malformed number") }
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard skipDigits() > 0 else { throw failure("malformed number") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw failure("malformed number") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw failure("number out of range") }
        return .number(value)
    }

    mutating func skipDigits() -> Int {
        let start = position
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            position += 1
        }
        return position - start
    }

    mutating func parseString() throws(JSONError) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
            byte >= 0x20
        {
            position += 1
        }
        // Nearly every string has no escapes: take it in one piece.
        if current == UInt8(ascii: "\"") {
            guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
                throw failure("a string is not UTF-8")
            }
            position += 1
            return text
        }
        var content = Array(bytes[start..<position])
        while true {
            switch current {
            case nil: throw failure("the text ends inside a string")
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw failure("a string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                content += String(try parseEscape()).utf8
            case .some(let byte):
                guard byte >= 0x20 else { throw failure("control character in a string") }
                content.append(byte)
                position += 1
            }
        }
    }

    mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = current else { throw failure("the text ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try parseUnicodeEscape()
        default: throw failure("unknown escape")
        }
    }

    mutating func parseUnicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try parseHexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // A high surrogate must be followed by a low one (RFC 8259, section 7).
        guard first < 0xDC00, current == UInt8(ascii: "\\") else { throw failure("lone surrogate") }
        position += 1
        guard current == UInt8(ascii: "u") else { throw failure("lone surrogate") }
        position += 1
        let second = try parseHexadecimal()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure("lone surrogate") }
        return scalar
    }

    mutating func parseHexadecimal() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("the text ends inside an escape") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw failure("malformed escape")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
