// SPDX-License-Identifier: Apache-2.0

import CDeflate

/// Turns the raw bytes of a chunk into what the file stores: shuffle, deflate, fletcher32.
///
/// One encoder serves one thread at a time; it owns its compressor and its buffers.
final class ChunkEncoder {
    /// libdeflate's scale, 1 to 12: above 4 the time grows much faster than the ratio.
    static let level: CInt = 4

    private let compressor: OpaquePointer
    private let shuffled: UnsafeMutableRawBufferPointer

    /// - Throws: ``HDF5Error`` when there is no memory for a compressor.
    init(chunkByteCount: Int) throws(HDF5Error) {
        guard let compressor = libdeflate_alloc_compressor(Self.level) else {
            throw HDF5Error(.system, "no memory for a compressor")
        }
        self.compressor = compressor
        shuffled = .allocate(byteCount: chunkByteCount, alignment: 64)
    }

    deinit {
        libdeflate_free_compressor(compressor)
        shuffled.deallocate()
    }

    /// A chunk as it is stored.
    struct Encoded {
        let bytes: [UInt8]
        /// The filters that were left out, by their place in the pipeline.
        let mask: UInt32
    }

    /// Encodes a whole chunk of elements of `width` bytes.
    func encode(_ chunk: UnsafeRawBufferPointer, elementByteCount width: Int) -> Encoded {
        var source = chunk
        if width > 1 {
            let target = UnsafeMutableRawBufferPointer(rebasing: shuffled[..<chunk.count])
            Shuffle.apply(chunk, elementByteCount: width, into: target)
            source = UnsafeRawBufferPointer(target)
        }
        var mask: UInt32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: chunk.count + 4) { output, count in
            // Zero when the result is not smaller than the chunk: then it is stored as it is.
            let compressed = libdeflate_zlib_compress(
                compressor, source.baseAddress, source.count, output.baseAddress,
                max(chunk.count - 1, 0))
            if compressed > 0 {
                count = compressed
            } else {
                // Deflate is the first filter of bytes and the second of wider elements.
                mask = width > 1 ? 2 : 1
                UnsafeMutableRawBufferPointer(output).copyMemory(from: source)
                count = chunk.count
            }
            let sum = Fletcher32.checksum(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: output[..<count])))
            UnsafeMutableRawBufferPointer(output).storeBytes(
                of: sum.littleEndian, toByteOffset: count, as: UInt32.self)
            count += 4
        }
        return Encoded(bytes: bytes, mask: mask)
    }
}

extension Shuffle {
    /// Puts the first bytes of all elements together, then the second bytes, and so on.
    ///
    /// - Parameter target: as large as `source`, elsewhere. Bytes left over at the end stay there.
    static func apply(
        _ source: UnsafeRawBufferPointer, elementByteCount width: Int,
        into target: UnsafeMutableRawBufferPointer
    ) {
        let count = source.count / width
        // Sixteen elements at a time become one vector per byte of the element.
        var done = 0
        switch width {
        case 2: done = planes(of: UInt16.self, source, count, into: target)
        case 4: done = planes(of: UInt32.self, source, count, into: target)
        case 8: done = planes(of: UInt64.self, source, count, into: target)
        default: break
        }
        for byte in 0..<width {
            for index in done..<count {
                target[byte * count + index] = source[index * width + byte]
            }
        }
        for index in (count * width)..<source.count { target[index] = source[index] }
    }

    /// Returns how many elements were done: a multiple of sixteen.
    @inline(__always)
    private static func planes<Element: FixedWidthInteger & SIMDScalar & BitwiseCopyable>(
        of _: Element.Type, _ source: UnsafeRawBufferPointer, _ count: Int,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        let width = MemoryLayout<Element>.size
        let whole = count & ~15
        for index in stride(from: 0, to: whole, by: 16) {
            let elements = source.loadUnaligned(
                fromByteOffset: index * width, as: SIMD16<Element>.self)
            for byte in 0..<width {
                let plane = SIMD16<UInt8>(
                    truncatingIfNeeded: elements &>> Element(truncatingIfNeeded: byte * 8))
                target.storeBytes(
                    of: plane, toByteOffset: byte * count + index, as: SIMD16<UInt8>.self)
            }
        }
        return whole
    }
}
