// SPDX-License-Identifier: Apache-2.0

import CDeflate
import Tensors

/// A gzip file of exactly one member (RFC 1952), decompressed only to a size known beforehand.
///
/// The caller learns the size from the format inside (``prefix(_:)``) or from a rule of that
/// format; a stream that holds a byte more or less, or bytes after its end, is refused. So a
/// small file can never fill the memory.
struct GzipMember {
    let path: String
    private let region: ByteRegion
    /// Where the DEFLATE stream starts.
    private let bodyStart: Int
    private static let trailerByteCount = 8
    /// Larger arrays are mapped from a plain file rather than decompressed into memory.
    private static let largestByteCount = 8 << 30

    static func isGzip(_ region: ByteRegion) -> Bool {
        region.count >= 2 && region.bytes[0] == 0x1F && region.bytes[1] == 0x8B
    }

    /// Reads the member's header (RFC 1952, section 2.3).
    init(_ region: ByteRegion, path: String) throws(InterchangeError) {
        let bytes = region.bytes
        func cutShort() -> InterchangeError {
            InterchangeError(.malformed, path, "the gzip header is cut short")
        }
        guard bytes.count >= 10 + Self.trailerByteCount else { throw cutShort() }
        let (method, flags) = (bytes[2], bytes[3])
        guard method == 8 else {
            throw InterchangeError(
                .malformed, path, found: "gzip compression method \(method)",
                expected: "8 (deflate)")
        }
        guard flags & 0xE0 == 0 else {
            throw InterchangeError(.malformed, path, "the gzip header has reserved flags set")
        }
        let end = bytes.count - Self.trailerByteCount
        var position = 10
        if flags & 0x04 != 0 {  // extra field
            guard position + 2 <= end else { throw cutShort() }
            position += 2 + Int(bytes[position]) + Int(bytes[position + 1]) << 8
        }
        for flag in [UInt8(0x08), 0x10] where flags & flag != 0 {  // file name, comment
            while position < end, bytes[position] != 0 { position += 1 }
            position += 1
        }
        if flags & 0x02 != 0 { position += 2 }  // CRC of the header
        guard position <= end else { throw cutShort() }
        self.path = path
        self.region = region
        bodyStart = position
    }

    /// The length the last four bytes declare, modulo 2^32. A hint until ``inflated(count:)`` has
    /// confirmed it.
    var declaredByteCount: Int {
        Int(
            UInt32(
                littleEndian: region.bytes.loadUnaligned(
                    fromByteOffset: region.count - 4, as: UInt32.self)))
    }

    private var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: region.bytes[bodyStart...])
    }

    private var stream: DeflateStream { DeflateStream(input: body, path: path) }

    /// At most the first `count` decompressed bytes.
    func prefix(_ count: Int) throws(InterchangeError) -> [UInt8] { try stream.prefix(count) }

    /// The member's bytes, which must be exactly `count`.
    ///
    /// - Throws: ``InterchangeError`` for damaged data, another length, a wrong checksum or bytes
    ///   after the member.
    func inflated(count: Int) throws(InterchangeError) -> ByteRegion {
        try checkPlausible(count: count)
        let (output, consumed) = try stream.inflated(count: count)
        try checkTrailer(of: output, at: bodyStart + consumed)
        return output
    }

    /// Refuses a size that the compressed bytes cannot honestly have, before memory is taken.
    func checkPlausible(count: Int) throws(InterchangeError) {
        guard stream.isPlausible(count: count) else {
            throw InterchangeError(
                .malformed, path,
                "\(body.count) compressed bytes cannot hold the \(count) bytes that are declared")
        }
        guard count <= Self.largestByteCount else {
            throw InterchangeError(
                .unsupported, path, found: "\(count) bytes when decompressed",
                expected: "at most \(Self.largestByteCount); decompress it first")
        }
    }

    private func checkTrailer(of output: ByteRegion, at offset: Int) throws(InterchangeError) {
        let left = region.count - offset
        guard left >= Self.trailerByteCount else {
            throw InterchangeError(.malformed, path, "the gzip trailer is cut short")
        }
        func word(_ offset: Int) -> UInt32 {
            UInt32(
                littleEndian: region.bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        let checksum = libdeflate_crc32(0, output.bytes.baseAddress, output.count)
        guard word(offset) == checksum, word(offset + 4) == UInt32(truncatingIfNeeded: output.count)
        else {
            throw InterchangeError(
                .malformed, path, "the gzip checksum does not match the data")
        }
        guard left == Self.trailerByteCount else {
            throw InterchangeError(
                .malformed, path,
                found: "\(left - Self.trailerByteCount) bytes after the gzip data",
                expected: "the end of the file")
        }
    }
}
