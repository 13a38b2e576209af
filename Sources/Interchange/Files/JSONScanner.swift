// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Reads JSON (RFC 8259) whose structure is known, piece by piece and without building a tree:
/// headers of many megabytes, whose author is a stranger.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0
    /// What the text is, for errors: `the header`.
    private let subject: String

    /// - Parameter bytes: must outlive the scanner.
    init(_ bytes: UnsafeRawBufferPointer, subject: String) {
        self.bytes = bytes
        self.subject = subject
    }

    func fault(_ problem: String) -> FormatFault {
        FormatFault("\(problem) at byte \(position) of \(subject)")
    }

    /// A fault that names what stands here.
    private func fault(expected: String) -> FormatFault {
        guard position < bytes.count else { return fault("found the end, expected \(expected)") }
        let byte = bytes[position]
        let text =
            (0x21..<0x7F).contains(byte)
            ? "'\(Character(UnicodeScalar(byte)))'" : "the byte \(byte)"
        return fault("found \(text), expected \(expected)")
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(FormatFault) {
        guard take(character) else { throw fault(expected: "'\(character)'") }
    }

    /// The members of an object: `body` reads the value under each key.
    mutating func object(
        _ body: (inout JSONScanner, String) throws(FormatFault) -> Void
    ) throws(FormatFault) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try body(&self, key)
        } while take(",")
        guard take("}") else { throw fault(expected: "',' or '}'") }
    }

    mutating func array(
        _ body: (inout JSONScanner) throws(FormatFault) -> Void
    ) throws(FormatFault) {
        try expect("[")
        if take("]") { return }
        repeat { try body(&self) } while take(",")
        guard take("]") else { throw fault(expected: "',' or ']'") }
    }

    mutating func string() throws(FormatFault) -> String {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw fault(expected: "a string")
        }
        let start = position
        let isPlain = try skipString()
        let end = position
        if isPlain {
            let content = UnsafeRawBufferPointer(rebasing: bytes[(start + 1)..<(end - 1)])
            guard let text = String(validating: content, as: UTF8.self) else {
                throw fault("a string is not UTF-8")
            }
            return text
        }
        let text = try value(in: start..<end)
        guard let text = text.stringValue else { throw fault(expected: "a string") }
        return text
    }

    /// Moves past the string that starts here; whether it is free of escapes.
    private mutating func skipString() throws(FormatFault) -> Bool {
        var isPlain = true
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return isPlain }
            if byte < 0x20 {
                position -= 1
                throw fault("a control character in a string")
            }
            if byte == UInt8(ascii: "\\") {
                isPlain = false
                position += 1
            }
        }
        position = bytes.count
        throw fault("the text ends inside a string")
    }

    /// An integer that is not negative, without fraction or exponent.
    mutating func count() throws(FormatFault) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while position < bytes.count, bytes[position] &- 0x30 < 10 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(bytes[position] - 0x30))
            guard !overflow, !carry else { throw fault("an integer of more than 63 bits") }
            value = sum
            position += 1
        }
        let isWhole = position == bytes.count || !".eE".utf8.contains(bytes[position])
        guard position > start, isWhole else { throw fault(expected: "an integer of digits only") }
        guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw fault("an integer with a leading zero")
        }
        return value
    }

    /// Any value; lists and objects of at most four megabytes, because as a tree they take many
    /// times their text.
    mutating func value() throws(FormatFault) -> JSON {
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            return .string(try string())
        }
        let start = position
        var depth = 0
        scan: while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                _ = try skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { break scan }
                depth -= 1
                if depth == 0 {
                    position += 1
                    break scan
                }
            case UInt8(ascii: ",") where depth == 0: break scan
            default: break
            }
            position += 1
        }
        guard position - start <= 4 << 20 else {
            throw fault("a value of more than four megabytes")
        }
        return try value(in: start..<position)
    }

    private func value(in range: Range<Int>) throws(FormatFault) -> JSON {
        do throws(JSONError) {
            return try JSON(parsing: UnsafeRawBufferPointer(rebasing: bytes[range]))
        } catch {
            throw FormatFault(
                "\(error.reason) at byte \(range.lowerBound + error.offset) of \(subject)")
        }
    }

    /// - Parameter spaces: whether only spaces may follow, as opposed to any white space.
    mutating func expectEnd(spaces: Bool) throws(FormatFault) {
        if spaces {
            while position < bytes.count, bytes[position] == 0x20 { position += 1 }
        } else {
            skipSpace()
        }
        guard position == bytes.count else { throw fault(expected: "the end") }
    }
}
