// SPDX-License-Identifier: Apache-2.0

/// Reads little-endian fields one after another from a block of a file.
///
/// Every load is checked against the block, so no field, however wrong, reads outside it. This
/// is the only type in the reader that loads metadata from raw memory.
struct ByteCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }
    var remaining: Int { bytes.count - position }

    private mutating func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type
    ) throws(HDF5Error) -> Value {
        guard remaining >= MemoryLayout<Value>.size else { throw endOfBlock }
        defer { position += MemoryLayout<Value>.size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }

    mutating func u8() throws(HDF5Error) -> Int { Int(try load(UInt8.self)) }
    mutating func u16() throws(HDF5Error) -> Int { Int(try load(UInt16.self)) }
    mutating func u32() throws(HDF5Error) -> Int { Int(try load(UInt32.self)) }
    mutating func checksum() throws(HDF5Error) -> UInt32 { try load(UInt32.self) }
    mutating func u64() throws(HDF5Error) -> UInt64 { try load(UInt64.self) }

    /// A length of eight bytes.
    mutating func length() throws(HDF5Error) -> Int {
        let value = try load(UInt64.self)
        guard let length = Int(exactly: value) else {
            throw .damaged("a length of \(value) bytes is impossible")
        }
        return length
    }

    /// An address of eight bytes, or nil for the undefined address.
    mutating func address() throws(HDF5Error) -> Int? {
        let value = try load(UInt64.self)
        if value == .max { return nil }
        guard let address = Int(exactly: value) else {
            throw .damaged("address \(value) is impossible")
        }
        return address
    }

    /// An address that must be there.
    mutating func definedAddress(_ what: StaticString) throws(HDF5Error) -> Int {
        guard let address = try address() else { throw .damaged("the \(what) has no address") }
        return address
    }

    /// An unsigned integer of 1 to 8 bytes.
    mutating func unsigned(byteCount: Int) throws(HDF5Error) -> Int {
        guard byteCount >= 1, byteCount <= 8, remaining >= byteCount else { throw endOfBlock }
        var value: UInt64 = 0
        for index in 0..<byteCount {
            value |= UInt64(bytes[position + index]) << UInt64(8 * index)
        }
        position += byteCount
        guard let result = Int(exactly: value) else {
            throw .damaged("\(value) is impossible as a size or an offset")
        }
        return result
    }

    mutating func skip(_ count: Int) throws(HDF5Error) {
        guard count >= 0, count <= remaining else { throw endOfBlock }
        position += count
    }

    mutating func take(_ count: Int) throws(HDF5Error) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw endOfBlock }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }

    /// The next `count` bytes as a cursor of their own.
    mutating func sub(_ count: Int) throws(HDF5Error) -> ByteCursor { ByteCursor(try take(count)) }

    /// Checks four bytes that say what structure this is.
    mutating func expect(signature: StaticString, _ what: StaticString) throws(HDF5Error) {
        let found = try take(4)
        let matches = signature.withUTF8Buffer { $0.elementsEqual(found) }
        guard matches else { throw .damaged("no \(what) where one was expected") }
    }

    /// Text up to a zero byte, which is consumed together with the bytes that pad text and zero
    /// byte to a multiple of `padding`.
    mutating func nullTerminatedText(
        _ what: StaticString, padding: Int = 1
    ) throws(HDF5Error) -> String {
        let start = position
        guard let end = bytes[start...].firstIndex(of: 0) else {
            throw .damaged("the \(what) has no end")
        }
        let count = end + 1 - start
        try skip((count + padding - 1) / padding * padding)
        return try UnsafeRawBufferPointer(rebasing: bytes[start..<end]).utf8Text(what)
    }

    private var endOfBlock: HDF5Error {
        .damaged("a structure ends before its last field")
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes as text.
    ///
    /// - Throws: ``HDF5Error`` when they are not UTF-8.
    func utf8Text(_ what: StaticString) throws(HDF5Error) -> String {
        guard let text = String(validating: self, as: UTF8.self) else {
            throw .damaged("the \(what) is not UTF-8")
        }
        return text
    }
}
