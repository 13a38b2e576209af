// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Numbers, strings and bytes.
extension PickleMachine {
    // MARK: Reading bytes

    mutating func byte() throws(InterchangeError) -> UInt8 {
        guard position < region.count else { throw failure("the pickle is cut short") }
        defer { position += 1 }
        return region.bytes[position]
    }

    /// A little-endian count of 1, 2, 4 or 8 bytes.
    mutating func count(byteCount: Int) throws(InterchangeError) -> Int {
        guard byteCount <= region.count - position else {
            throw failure("the pickle is cut short")
        }
        var value: UInt64 = 0
        for index in 0..<byteCount {
            value |= UInt64(region.bytes[position + index]) << UInt64(8 * index)
        }
        position += byteCount
        // BINSTRING's and LONG4's counts are signed; a negative one is larger than any pickle.
        return Int(clamping: value)
    }

    /// The next `count` bytes.
    mutating func slice(_ count: Int) throws(InterchangeError) -> PickleSlice {
        guard count <= region.count - position else {
            throw failure(
                "a value of \(count) bytes does not fit in the \(region.count - position) left")
        }
        defer { position += count }
        return PickleSlice(offset: UInt32(position), count: UInt32(count))
    }

    /// A line of text without its end.
    mutating func line() throws(InterchangeError) -> PickleSlice {
        let rest = region.bytes[position...].prefix(Self.lineLimit)
        guard let end = rest.firstIndex(of: 0x0A) else {
            throw failure("a line of text has no end")
        }
        let slice = PickleSlice(offset: UInt32(position), count: UInt32(end - position))
        position = end + 1
        return slice
    }

    // MARK: Numbers

    mutating func number(_ opcode: PickleOpcode) throws(InterchangeError) -> PickleValue {
        switch opcode {
        case .binInt1: return integer(Int(try byte()))
        case .binInt2: return integer(try count(byteCount: 2))
        case .binInt:
            return integer(Int(Int32(truncatingIfNeeded: try count(byteCount: 4))))
        case .long1: return long(try slice(Int(try byte())))
        case .long4: return long(try slice(try count(byteCount: 4)))
        case .binFloat:
            guard region.count - position >= 8 else { throw failure("the pickle is cut short") }
            let bits = region.bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            position += 8
            return graph.add(.float(Double(bitPattern: UInt64(bigEndian: bits))))
        case .float:
            guard let value = Double(graph.text(try line(), limit: 400)) else {
                throw failure("a number is malformed")
            }
            return graph.add(.float(value))
        default: return try textInteger(try line(), isLong: opcode == .long)
        }
    }

    private mutating func integer(_ value: Int) -> PickleValue {
        PickleValue(integer: value) ?? graph.add(.integer(value))
    }

    /// Little-endian two's complement of any length.
    private mutating func long(_ slice: PickleSlice) -> PickleValue {
        guard slice.count <= 8 else { return graph.add(.bigInteger(slice)) }
        let value = graph.withBytes(of: slice) { bytes in
            var value = UInt64(truncatingIfNeeded: bytes.last.map { $0 >= 0x80 ? -1 : 0 } ?? 0)
            for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
            return value
        }
        return integer(Int(truncatingIfNeeded: value))
    }

    /// INT's `01` and `00` are booleans; LONG may end in `L`.
    private mutating func textInteger(
        _ slice: PickleSlice, isLong: Bool
    ) throws(InterchangeError) -> PickleValue {
        let text = graph.text(slice, limit: 32)
        if !isLong, text == "01" || text == "00" { return PickleValue(text == "01") }
        if let value = Int(isLong && text.hasSuffix("L") ? String(text.dropLast()) : text) {
            return integer(value)
        }
        let isNumber = graph.withBytes(of: slice) { bytes in
            bytes.count > 18 && bytes.dropFirst().dropLast().allSatisfy { (0x30...0x39) ~= $0 }
        }
        guard isNumber else { throw failure("a number is malformed") }
        return graph.add(.bigInteger(slice))
    }

    // MARK: Text

    mutating func text(_ opcode: PickleOpcode) throws(InterchangeError) -> PickleValue {
        switch opcode {
        case .binUnicode, .binString: graph.add(.string(try slice(try count(byteCount: 4))))
        case .shortBinUnicode, .shortBinString: graph.add(.string(try slice(Int(try byte()))))
        case .binUnicode8: graph.add(.string(try slice(try count(byteCount: 8))))
        case .binBytes: graph.add(.bytes(try slice(try count(byteCount: 4))))
        case .shortBinBytes: graph.add(.bytes(try slice(Int(try byte()))))
        case .binBytes8, .byteArray8: graph.add(.bytes(try slice(try count(byteCount: 8))))
        case .unicode: graph.add(.string(try unescaped(try line(), quoted: false)))
        default: graph.add(.string(try unescaped(try line(), quoted: true)))
        }
    }

    /// Protocol 0 writes strings as Python source: STRING in quotes, UNICODE with `\u` alone.
    private mutating func unescaped(
        _ slice: PickleSlice, quoted: Bool
    ) throws(InterchangeError) -> PickleSlice {
        var slice = slice
        if quoted {
            let isQuoted = graph.withBytes(of: slice) { bytes in
                bytes.count >= 2 && bytes[0] == bytes[bytes.count - 1]
                    && (bytes[0] == UInt8(ascii: "'") || bytes[0] == UInt8(ascii: "\""))
            }
            guard isQuoted else { throw failure("a string lacks its quotes") }
            slice = PickleSlice(offset: slice.offset + 1, count: slice.count - 2)
        }
        let decoded = graph.withBytes(of: slice) { bytes -> [UInt8]? in
            guard bytes.contains(UInt8(ascii: "\\")) || bytes.contains(where: { $0 >= 0x80 })
            else { return nil }
            return PythonEscapes.decode(bytes, onlyUnicode: !quoted)
        }
        return decoded.map { graph.addDecoded($0) } ?? slice
    }
}

/// Backslash escapes of Python's string literals; what is malformed is kept as it stands.
enum PythonEscapes {
    /// - Parameter onlyUnicode: the codec raw-unicode-escape, where other bytes are Latin-1.
    static func decode(_ bytes: UnsafeRawBufferPointer, onlyUnicode: Bool) -> [UInt8] {
        var output: [UInt8] = []
        var position = 0
        func append(_ code: UInt32) {
            output += String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8
        }
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\"), position < bytes.count else {
                if byte >= 0x80, onlyUnicode { append(UInt32(byte)) } else { output.append(byte) }
                continue
            }
            let letter = bytes[position]
            let digitCount: Int? =
                switch letter {
                case UInt8(ascii: "x"): onlyUnicode ? nil : 2
                case UInt8(ascii: "u"): onlyUnicode ? 4 : nil
                case UInt8(ascii: "U"): onlyUnicode ? 8 : nil
                default: nil
                }
            if let digitCount {
                let digits = bytes[(position + 1)...].prefix(digitCount)
                guard digits.count == digitCount,
                    let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
                else {
                    output.append(byte)
                    continue
                }
                position += 1 + digitCount
                // `\x80` of a Python 2 string is a byte.
                if onlyUnicode { append(code) } else { output.append(UInt8(code)) }
                continue
            }
            let plain: [UInt8: UInt8] = [
                0x5C: 0x5C, 0x27: 0x27, 0x22: 0x22, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09,
            ]
            guard !onlyUnicode, let value = plain[letter] else {
                output.append(byte)
                continue
            }
            output.append(value)
            position += 1
        }
        return output
    }
}
