// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of one message of protocol buffers, one after another, in place.
///
/// <https://protobuf.dev/programming-guides/encoding/>. Every length is checked against the message
/// it stands in and nothing is allocated, so the work is bounded by the bytes at hand. Messages
/// inside messages are given as ranges of the file; how deep to follow them is the caller's choice.
struct ProtobufReader {
    enum Value: Equatable {
        case varint(UInt64)
        case fixed64(UInt64)
        /// Text, bytes, a message or packed numbers: where they lie in the file.
        case bytes(Range<Int>)
        case fixed32(UInt32)
    }

    struct Field {
        let number: Int
        let value: Value
    }

    /// The whole file; ranges and offsets in messages count from its start.
    let bytes: UnsafeRawBufferPointer
    /// The message's type, for errors.
    let type: StaticString
    let path: String
    private(set) var position: Int
    private let start: Int
    private let end: Int

    init(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, type: StaticString, path: String
    ) {
        self.bytes = bytes
        self.type = type
        self.path = path
        position = range.lowerBound
        start = range.lowerBound
        end = range.upperBound
    }

    /// The next field; nil at the end of the message.
    ///
    /// - Throws: ``InterchangeError`` for anything that is not a field of the wire format.
    mutating func next() throws(InterchangeError) -> Field? {
        guard position < end else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else {
            throw failure("a field has the number \(number)")
        }
        let value: Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try fixed(UInt64.self))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw failure(
                    "field \(number) declares \(length) bytes and \(end - position) are left")
            }
            let range = position..<(position + Int(length))
            position = range.upperBound
            value = .bytes(range)
        case 5: value = .fixed32(try fixed(UInt32.self))
        default: throw failure("field \(number) has the wire type \(tag & 7), which no file has")
        }
        return Field(number: Int(number), value: value)
    }

    /// One varint, also inside packed numbers.
    mutating func varint() throws(InterchangeError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            // Ten bytes hold 70 bits; the last may add only the topmost one.
            guard shift < 63 || byte <= 1 else { throw failure("a number is longer than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw failure("it ends inside a number")
    }

    mutating func fixed<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type
    ) throws(InterchangeError) -> Number {
        guard end - position >= MemoryLayout<Number>.size else {
            throw failure("it ends inside a number")
        }
        defer { position += MemoryLayout<Number>.size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    var isAtEnd: Bool { position == end }

    /// What has not been read yet.
    var rest: Range<Int> { position..<end }

    // MARK: What a field should be

    /// The range of a field that must be a message, text or bytes.
    func range(_ field: Field) throws(InterchangeError) -> Range<Int> {
        guard case .bytes(let range) = field.value else { throw mismatch(field, "bytes") }
        return range
    }

    func text(_ field: Field) throws(InterchangeError) -> String {
        let range = try range(field)
        let bytes = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw failure("field \(field.number) is not UTF-8 text")
        }
        return text
    }

    /// An `int32`, `int64` or enumeration: negative numbers are ten bytes of two's complement.
    func integer(_ field: Field) throws(InterchangeError) -> Int {
        guard case .varint(let bits) = field.value else { throw mismatch(field, "an integer") }
        return Int(truncatingIfNeeded: bits)
    }

    func float(_ field: Field) throws(InterchangeError) -> Float {
        guard case .fixed32(let bits) = field.value else { throw mismatch(field, "a float") }
        return Float(bitPattern: bits)
    }

    /// A message in this one.
    func message(
        _ field: Field, type: StaticString
    ) throws(InterchangeError) -> ProtobufReader {
        ProtobufReader(bytes, try range(field), type: type, path: path)
    }

    func mismatch(_ field: Field, _ expected: String) -> InterchangeError {
        failure("field \(field.number) is not \(expected)")
    }

    func failure(_ problem: String) -> InterchangeError {
        InterchangeError(.malformed, path, "the \(type) at byte \(start): \(problem)")
    }
}

extension ProtobufReader {
    /// Appends the integers of one occurrence of a repeated field, packed or not.
    ///
    /// - Throws: ``InterchangeError`` also for more than `limit` numbers in all.
    func appendIntegers(
        _ field: Field, to list: inout [Int], limit: Int
    ) throws(InterchangeError) {
        switch field.value {
        case .varint(let bits): list.append(Int(truncatingIfNeeded: bits))
        case .bytes(let range):
            var packed = ProtobufReader(bytes, range, type: type, path: path)
            while !packed.isAtEnd, list.count <= limit {
                list.append(Int(truncatingIfNeeded: try packed.varint()))
            }
        default: throw mismatch(field, "a list of integers")
        }
        guard list.count <= limit else {
            throw failure("field \(field.number) has more than \(limit) numbers")
        }
    }

    /// The same for `float`.
    func appendFloats(
        _ field: Field, to list: inout [Float], limit: Int
    ) throws(InterchangeError) {
        switch field.value {
        case .fixed32(let bits): list.append(Float(bitPattern: bits))
        case .bytes(let range) where range.count % 4 == 0:
            var packed = ProtobufReader(bytes, range, type: type, path: path)
            while !packed.isAtEnd, list.count <= limit {
                list.append(Float(bitPattern: try packed.fixed(UInt32.self)))
            }
        default: throw mismatch(field, "a list of floats")
        }
        guard list.count <= limit else {
            throw failure("field \(field.number) has more than \(limit) numbers")
        }
    }
}
