// SPDX-License-Identifier: Apache-2.0

/// HDF5's variant of Fletcher's checksum: sums of big-endian 16-bit words modulo 65,535.
enum Fletcher32 {
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var first: UInt32 = 0
        var second: UInt32 = 0
        var position = 0
        var words = bytes.count / 2
        while words > 0 {
            // 360 words are the most whose sums cannot overflow 32 bits.
            let block = min(words, 360)
            for _ in 0..<block {
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt16.self)
                first &+= UInt32(UInt16(bigEndian: word))
                second &+= first
                position += 2
            }
            words -= block
            first = (first & 0xFFFF) &+ (first >> 16)
            second = (second & 0xFFFF) &+ (second >> 16)
        }
        if position < bytes.count {
            first &+= UInt32(bytes[position]) << 8
            second &+= first
            first = (first & 0xFFFF) &+ (first >> 16)
            second = (second & 0xFFFF) &+ (second >> 16)
        }
        first = (first & 0xFFFF) &+ (first >> 16)
        second = (second & 0xFFFF) &+ (second >> 16)
        return second << 16 | first
    }

    /// Whether a stored sum belongs to the bytes. Libraries before 1.6.3 swapped the bytes of
    /// each half on big-endian machines; readers accept both.
    static func matches(_ bytes: UnsafeRawBufferPointer, stored: UInt32) -> Bool {
        let sum = checksum(bytes)
        let swapped = (sum & 0x00FF_00FF) << 8 | (sum & 0xFF00_FF00) >> 8
        return stored == sum || stored == swapped
    }
}
