// SPDX-License-Identifier: Apache-2.0

/// Reads little-endian fields of a GGUF header one after another, each checked against the file.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    let path: String
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    var remaining: Int { bytes.count - position }

    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type
    ) throws(InterchangeError) -> Number {
        guard remaining >= MemoryLayout<Number>.size else { throw endOfFile }
        defer { position += MemoryLayout<Number>.size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    /// A count of things that take at least `least` bytes each; more than the file can hold are
    /// refused before anything is kept for them.
    mutating func count(
        _ what: String, least: Int, limit: Int = .max
    ) throws(InterchangeError) -> Int {
        let value = try number(UInt64.self)
        let most = min(remaining / least, limit)
        guard value <= UInt64(most) else {
            throw InterchangeError(
                .malformed, path, found: "\(value) \(what)",
                expected:
                    "at most \(most), which is what the rest of the file can hold or a reader takes"
            )
        }
        return Int(value)
    }

    mutating func skip(_ count: Int) throws(InterchangeError) {
        guard count >= 0, count <= remaining else { throw endOfFile }
        position += count
    }

    /// A string's bytes.
    mutating func stringBytes(_ what: String) throws(InterchangeError) -> Range<Int> {
        let count = try count("bytes in \(what)", least: 1)
        defer { position += count }
        return position..<(position + count)
    }

    mutating func string(_ what: String) throws(InterchangeError) -> String {
        let range = try stringBytes(what)
        guard
            let text = String(
                validating: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
        else {
            throw InterchangeError(
                .malformed, path, "\(what) at byte \(range.lowerBound) is not UTF-8")
        }
        return text
    }

    private var endOfFile: InterchangeError {
        InterchangeError(
            .malformed, path, "the file ends inside its header, at byte \(bytes.count)")
    }
}
