// SPDX-License-Identifier: Apache-2.0

import CDeflate
import Tensors

/// A raw DEFLATE stream (RFC 1951), decompressed only to a size known beforehand.
struct DeflateStream {
    /// The stream, and possibly bytes after it.
    let input: UnsafeRawBufferPointer
    let path: String
    /// The member of an archive that the stream is; empty for a file of its own.
    var object = ""

    private func error(
        _ kind: InterchangeError.Kind, _ problem: String
    ) -> InterchangeError {
        InterchangeError(kind, path, object.isEmpty ? problem : "member '\(object)': \(problem)")
    }

    /// Whether `count` bytes can come out of the stream at all. DEFLATE turns 2 bits into at most
    /// 258 bytes, so no stream grows by more than 1032.
    func isPlausible(count: Int) -> Bool { count / 1032 <= input.count }

    /// Exactly `count` bytes, and how many bytes the stream took.
    ///
    /// - Throws: ``InterchangeError`` for damaged data and any other length.
    func inflated(count: Int) throws(InterchangeError) -> (ByteRegion, consumed: Int) {
        guard isPlausible(count: count) else {
            throw error(
                .malformed,
                "\(input.count) compressed bytes cannot hold the \(count) bytes that are declared")
        }
        guard let decompressor = libdeflate_alloc_decompressor() else {
            throw error(.unreadable, "there is no memory to decompress it")
        }
        defer { libdeflate_free_decompressor(decompressor) }
        var (consumed, produced) = (0, 0)
        var status = LIBDEFLATE_BAD_DATA
        let output = ByteRegion(count: count) { buffer in
            status = libdeflate_deflate_decompress_ex(
                decompressor, input.baseAddress, input.count, buffer.baseAddress, count,
                &consumed, &produced)
        }
        switch status {
        case LIBDEFLATE_SUCCESS: break
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            throw error(.malformed, "it holds more than the \(count) bytes that are declared")
        default:
            throw error(.malformed, "the compressed data are damaged or cut short")
        }
        guard produced == count else {
            throw error(.malformed, "found \(produced) bytes of data, expected \(count)")
        }
        return (output, consumed)
    }

    /// At most the first `count` decompressed bytes.
    func prefix(_ count: Int) throws(InterchangeError) -> [UInt8] {
        var first: [UInt8] = []
        // A megabyte of input yields any honest prefix and bounds the work for a hostile one.
        try inflatePieces(of: count, from: input.prefix(1 << 20).count) { piece in
            first = Array(piece)
            return false
        }
        return first
    }

    /// The CRC-32 of the decompressed bytes, which must be `count` and end where the input does;
    /// with little memory, whatever the count.
    func checksum(count: Int) throws(InterchangeError) -> UInt32 {
        var checksum: UInt32 = 0
        var produced = 0
        let (consumed, isWhole) = try inflatePieces(of: 1 << 18, from: input.count) { piece in
            produced += piece.count
            checksum = libdeflate_crc32(checksum, piece.baseAddress, piece.count)
            return produced <= count
        }
        guard isWhole else {
            throw error(.malformed, "the compressed data are damaged or cut short")
        }
        guard produced == count, consumed == input.count else {
            throw error(
                .malformed,
                "found \(produced) bytes in \(consumed) compressed ones,"
                    + " expected \(count) in \(input.count)")
        }
        return checksum
    }

    /// Hands the decompressed bytes to `body` in pieces until it wants no more or the stream ends.
    ///
    /// - Returns: how many bytes of the input were taken, and whether the stream ended.
    @discardableResult
    private func inflatePieces(
        of pieceByteCount: Int, from inputByteCount: Int,
        _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(InterchangeError) -> (consumed: Int, isWhole: Bool) {
        var stream = z_stream()
        // Raw DEFLATE with the largest window.
        guard
            inflateInit2_(&stream, -15, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw error(.unreadable, "there is no memory to decompress it") }
        defer { inflateEnd(&stream) }
        let piece = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(pieceByteCount, 1), alignment: 16)
        defer { piece.deallocate() }
        let output = piece.bindMemory(to: UInt8.self)
        var position = 0
        while true {
            // zlib counts its input in 32 bits.
            let part = UnsafeRawBufferPointer(
                rebasing: input[position..<inputByteCount].prefix(1 << 30))
            stream.next_in = UnsafeMutablePointer(
                mutating: part.assumingMemoryBound(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(part.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(pieceByteCount)
            let status = inflate(&stream, Z_SYNC_FLUSH)
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
                throw error(.malformed, "the compressed data are damaged")
            }
            position += part.count - Int(stream.avail_in)
            let produced = pieceByteCount - Int(stream.avail_out)
            let wantsMore = body(UnsafeRawBufferPointer(rebasing: piece[..<produced]))
            // No progress: the input ended before the stream did.
            if status != Z_OK || !wantsMore || (produced == 0 && position == inputByteCount) {
                return (position, status == Z_STREAM_END)
            }
        }
    }
}
