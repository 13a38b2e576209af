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
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        let count = source.count / width
        guard count > 1, width > 1 else { return target.copyMemory(from: source) }
        // Wide loads and stores of whole elements let the compiler use vectors.
        let isAligned = Int(bitPattern: to) % 8 == 0
        switch width {
        case 2 where isAligned:
            let elements = to.assumingMemoryBound(to: UInt16.self)
            let bytes = from.assumingMemoryBound(to: UInt8.self)
            for index in 0..<count {
                elements[index] =
                    UInt16(bytes[index]) | UInt16(bytes[count + index]) << 8
            }
        case 4 where isAligned:
            let elements = to.assumingMemoryBound(to: UInt32.self)
            let bytes = from.assumingMemoryBound(to: UInt8.self)
            for index in 0..<count {
                elements[index] =
                    UInt32(bytes[index]) | UInt32(bytes[count + index]) << 8
                    | UInt32(bytes[2 * count + index]) << 16
                    | UInt32(bytes[3 * count + index]) << 24
            }
        default:
            for byte in 0..<width {
                for index in 0..<count {
                    target[index * width + byte] = source[byte * count + index]
                }
            }
        }
        for index in (count * width)..<source.count { target[index] = source[index] }
    }
}
