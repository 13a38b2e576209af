// SPDX-License-Identifier: Apache-2.0

/// Builds one message of protocol buffers. Fields go in the order of their calls, so equal calls
/// give equal bytes.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func field(_ number: Int, _ value: Int) {
        tag(number, 0)
        varint(UInt64(bitPattern: Int64(value)))
    }

    mutating func field(_ number: Int, _ value: Float) {
        tag(number, 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func field(_ number: Int, _ text: String) { field(number, Array(text.utf8)) }

    mutating func field(_ number: Int, _ content: [UInt8]) {
        begin(number, byteCount: content.count)
        bytes += content
    }

    mutating func field(_ number: Int, _ message: ProtobufWriter) { field(number, message.bytes) }

    /// Starts a field of `byteCount` bytes, which the caller writes after these.
    mutating func begin(_ number: Int, byteCount: Int) {
        tag(number, 2)
        varint(UInt64(byteCount))
    }

    private mutating func tag(_ number: Int, _ type: UInt64) {
        varint(UInt64(number) << 3 | type)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
