// SPDX-License-Identifier: Apache-2.0

import Tensors

extension NPY {
    /// What an NPY header says: a Python dictionary with exactly `descr`, `fortran_order` and
    /// `shape`, in any order.
    struct Header {
        let elements: Elements
        let isFortranOrder: Bool
        let shape: [Int]

        /// What the elements are.
        enum Elements {
            case numbers(ElementType, isBigEndian: Bool)
            /// Elements that Retort does not read, as the header names them and as people do.
            case foreign(descr: String, meaning: String)
        }

        /// Longer headers only occur with structured types; NumPy itself stops at 10,000.
        static let longest = 1 << 16
        /// NumPy's own limit (NPY_MAXDIMS up to version 1.26).
        static let longestRank = 32

        init(_ text: [UInt8], path: String) throws(InterchangeError) {
            var scanner = HeaderScanner(text, path: path)
            var (descr, order, shape): (String?, Bool?, [Int]?)
            try scanner.expect("{")
            while !scanner.take("}") {
                let key = try scanner.string()
                try scanner.expect(":")
                switch key {
                case "descr" where descr == nil: descr = try scanner.elementTypeText()
                case "fortran_order" where order == nil: order = try scanner.boolean()
                case "shape" where shape == nil: shape = try scanner.tuple()
                default:
                    throw scanner.error(
                        "the key '\(key)'", "each of descr, fortran_order, shape once")
                }
                if !scanner.take(",") {
                    try scanner.expect("}")
                    break
                }
            }
            try scanner.expectEnd()
            guard let descr, let order, let shape else {
                throw InterchangeError(
                    .malformed, path, "the NPY header lacks descr, fortran_order or shape")
            }
            elements = try Self.elements(descr, path: path)
            isFortranOrder = order
            self.shape = shape
        }

        /// The element type and byte order that a `descr` such as `<f4` names.
        private static func elements(
            _ descr: String, path: String
        ) throws(InterchangeError) -> Elements {
            let order = descr.first.map { "<>|=".contains($0) ? $0 : "=" } ?? "="
            let name = descr.drop { "<>|=".contains($0) }
            if let elementType = elementTypes[String(name)] {
                guard order != "|" || elementType.byteCount == 1 else {
                    throw InterchangeError(
                        .malformed, path, found: "element type '\(descr)'",
                        expected: "a byte order for elements of \(elementType.byteCount) bytes")
                }
                return .numbers(
                    elementType, isBigEndian: order == ">" && elementType.byteCount > 1)
            }
            let meaning =
                switch name.first {
                case "O": objects
                case "U", "S", "a": "text"
                case "c": "complex numbers"
                case "M", "m": "dates or time spans"
                case "V": "raw or structured records"
                case "[", "(": "structured records"
                default: "elements that Retort does not know"
                }
            // A list of fields is as long as its author likes.
            let shown = descr.utf8.count <= 64 ? descr : String(descr.prefix(64)) + "..."
            return .foreign(descr: shown, meaning: meaning)
        }

        static let objects = "Python objects, which are pickled and can run code when loaded"

        static let elementTypes: [String: ElementType] = [
            "b1": .bool, "u1": .u8, "i1": .i8, "u2": .u16, "i2": .i16, "u4": .u32, "i4": .i32,
            "u8": .u64, "i8": .i64, "f2": .f16, "f4": .f32, "f8": .f64,
        ]
    }
}

/// Reads the few Python literals an NPY header may hold.
private struct HeaderScanner {
    private let text: [UInt8]
    private let path: String
    private var position = 0

    init(_ text: [UInt8], path: String) {
        self.text = text
        self.path = path
    }

    func error(_ found: String, _ expected: String) -> InterchangeError {
        InterchangeError(
            .malformed, path, found: "\(found) in the NPY header", expected: expected)
    }

    private var next: UInt8? { position < text.count ? text[position] : nil }

    private var nextText: String {
        guard let next else { return "the end" }
        return (0x20..<0x7F).contains(next)
            ? "'\(Character(UnicodeScalar(next)))'" : "the byte \(next)"
    }

    private mutating func skipSpace() {
        while let next, next == 0x20 || (0x09...0x0D).contains(next) { position += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(InterchangeError) {
        guard take(character) else { throw error(nextText, "'\(character)'") }
    }

    mutating func expectEnd() throws(InterchangeError) {
        skipSpace()
        guard next == nil else { throw error("\(nextText) after the dictionary", "its end") }
    }

    /// A quoted string of printable ASCII without escapes: no key or type name needs more.
    mutating func string() throws(InterchangeError) -> String {
        skipSpace()
        guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw error(nextText, "a quoted string")
        }
        position += 1
        let start = position
        while let next, next != quote {
            guard (0x20..<0x7F).contains(next), next != UInt8(ascii: "\\") else {
                throw error(nextText, "a plain quoted string")
            }
            position += 1
        }
        guard next == quote else { throw error("an unfinished string", "its closing quote") }
        position += 1
        return String(decoding: text[start..<(position - 1)], as: UTF8.self)
    }

    mutating func elementTypeText() throws(InterchangeError) -> String {
        skipSpace()
        guard next == UInt8(ascii: "[") || next == UInt8(ascii: "(") else { return try string() }
        // A structured type: a list of fields, which is taken as it is.
        let start = position
        var depth = 0
        repeat {
            switch next {
            case nil: throw error("an unfinished list of fields", "its closing bracket")
            case UInt8(ascii: "'"), UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "["), UInt8(ascii: "("):
                depth += 1
                position += 1
            case UInt8(ascii: "]"), UInt8(ascii: ")"):
                depth -= 1
                position += 1
            default: position += 1
            }
        } while depth > 0
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    mutating func boolean() throws(InterchangeError) -> Bool {
        skipSpace()
        for (word, value) in [("True", true), ("False", false)]
        where text[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw error(nextText, "True or False")
    }

    /// A tuple of non-negative integers; Python 2 wrote some with a final L.
    mutating func tuple() throws(InterchangeError) -> [Int] {
        try expect("(")
        var values: [Int] = []
        while !take(")") {
            values.append(try integer())
            guard values.count <= NPY.Header.longestRank else {
                throw error(
                    "more than \(NPY.Header.longestRank) dimensions", "a shape NumPy can make")
            }
            if !take(",") {
                try expect(")")
                // `(3)` is a number to Python, not a tuple.
                guard values.count != 1 else { throw error("(\(values[0]))", "(\(values[0]),)") }
                break
            }
        }
        return values
    }

    private mutating func integer() throws(InterchangeError) -> Int {
        skipSpace()
        let start = position
        while let next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { position += 1 }
        let digits = String(decoding: text[start..<position], as: UTF8.self)
        guard !digits.isEmpty else { throw error(nextText, "a dimension") }
        guard let value = Int(digits) else { throw error("the dimension \(digits)", "64 bits") }
        if next == UInt8(ascii: "L") { position += 1 }
        return value
    }
}
