// SPDX-License-Identifier: Apache-2.0

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
