// SPDX-License-Identifier: Apache-2.0

/// HDF5's shuffle filter: all first bytes of the elements, then all second bytes, and so on.
enum Shuffle {
    /// Puts the bytes of each element together again. Bytes left over at the end stay there.
    ///
    /// - Parameter target: as large as `source`, elsewhere.
    static func undo(
        _ source: UnsafeRawBufferPointer, elementByteCount width: Int,
        into target: UnsafeMutableRawBufferPointer
    ) {
        let count = source.count / width
        guard count > 1, width > 1 else { return target.copyMemory(from: source) }
        // Sixteen elements at a time, whose planes are interleaved two by two.
        let whole = count & ~15
        switch width {
        case 2:
            for index in stride(from: 0, to: whole, by: 16) {
                let elements = pair(source, count, index, 0)
                target.storeBytes(of: elements, toByteOffset: index * 2, as: SIMD16<UInt16>.self)
            }
        case 4:
            for index in stride(from: 0, to: whole, by: 16) {
                let elements = quad(source, count, index, 0)
                target.storeBytes(of: elements, toByteOffset: index * 4, as: SIMD16<UInt32>.self)
            }
        case 8:
            for index in stride(from: 0, to: whole, by: 16) {
                let elements: SIMD16<UInt64> = interleave(
                    quad(source, count, index, 0), quad(source, count, index, 4))
                target.storeBytes(of: elements, toByteOffset: index * 8, as: SIMD16<UInt64>.self)
            }
        default: return undoBytes(source, width, from: 0, into: target)
        }
        undoBytes(source, width, from: whole, into: target)
    }

    /// The same for any width, one byte after the other, from the element `first` on.
    private static func undoBytes(
        _ source: UnsafeRawBufferPointer, _ width: Int, from first: Int,
        into target: UnsafeMutableRawBufferPointer
    ) {
        let count = source.count / width
        for byte in 0..<width {
            for index in first..<count {
                target[index * width + byte] = source[byte * count + index]
            }
        }
        for index in (count * width)..<source.count { target[index] = source[index] }
    }

    @inline(__always)
    private static func plane(
        _ source: UnsafeRawBufferPointer, _ count: Int, _ index: Int, _ byte: Int
    ) -> SIMD16<UInt8> {
        source.loadUnaligned(fromByteOffset: byte * count + index, as: SIMD16<UInt8>.self)
    }

    @inline(__always)
    private static func pair(
        _ source: UnsafeRawBufferPointer, _ count: Int, _ index: Int, _ byte: Int
    ) -> SIMD16<UInt16> {
        interleave(plane(source, count, index, byte), plane(source, count, index, byte + 1))
    }

    @inline(__always)
    private static func quad(
        _ source: UnsafeRawBufferPointer, _ count: Int, _ index: Int, _ byte: Int
    ) -> SIMD16<UInt32> {
        interleave(pair(source, count, index, byte), pair(source, count, index, byte + 2))
    }

    /// Sixteen numbers of twice as many bits, from their lower and upper halves.
    @inline(__always)
    private static func interleave<Half, Whole>(
        _ low: SIMD16<Half>, _ high: SIMD16<Half>
    ) -> SIMD16<Whole>
    where Half: FixedWidthInteger & SIMDScalar, Whole: FixedWidthInteger & SIMDScalar {
        let shift = SIMD16<Whole>(repeating: Whole(truncatingIfNeeded: Half.bitWidth))
        return SIMD16<Whole>(truncatingIfNeeded: low)
            | (SIMD16<Whole>(truncatingIfNeeded: high) &<< shift)
    }
}
