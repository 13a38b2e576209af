// SPDX-License-Identifier: Apache-2.0

/// Whether a stored checksum is that of `bytes`.
///
/// Builds for fuzzing (`tools/fuzz`) take any: hardly a mutant would get past the first one.
func isChecksum(_ stored: UInt32, of bytes: UnsafeRawBufferPointer) -> Bool {
    #if RETORT_FUZZING
        true
    #else
        stored == lookup3(bytes)
    #endif
}

/// Bob Jenkins' lookup3 hash ("hashlittle", May 2006, public domain), the checksum of HDF5's
/// metadata.
///
/// - Parameters:
///   - bytes: the bytes to hash.
///   - initial: the value to start from; 0 for checksums.
func lookup3(_ bytes: UnsafeRawBufferPointer, initial: UInt32 = 0) -> UInt32 {
    var a = 0xdead_beef &+ UInt32(truncatingIfNeeded: bytes.count) &+ initial
    var b = a
    var c = a
    var position = 0
    var remaining = bytes.count

    func word(_ offset: Int) -> UInt32 {
        UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: position + offset, as: UInt32.self))
    }

    while remaining > 12 {
        a &+= word(0)
        b &+= word(4)
        c &+= word(8)
        a &-= c; a ^= c.rotated(4); c &+= b
        b &-= a; b ^= a.rotated(6); a &+= c
        c &-= b; c ^= b.rotated(8); b &+= a
        a &-= c; a ^= c.rotated(16); c &+= b
        b &-= a; b ^= a.rotated(19); a &+= c
        c &-= b; c ^= b.rotated(4); b &+= a
        position += 12
        remaining -= 12
    }
    guard remaining > 0 else { return c }

    // The last one to twelve bytes count as if zeros followed them.
    var tail: (UInt32, UInt32, UInt32) = (0, 0, 0)
    withUnsafeMutableBytes(of: &tail) { buffer in
        for index in 0..<remaining { buffer[index] = bytes[position + index] }
    }
    a &+= UInt32(littleEndian: tail.0)
    b &+= UInt32(littleEndian: tail.1)
    c &+= UInt32(littleEndian: tail.2)
    c ^= b; c &-= b.rotated(14)
    a ^= c; a &-= c.rotated(11)
    b ^= a; b &-= a.rotated(25)
    c ^= b; c &-= b.rotated(16)
    a ^= c; a &-= c.rotated(4)
    b ^= a; b &-= a.rotated(14)
    c ^= b; c &-= b.rotated(24)
    return c
}

extension UInt32 {
    fileprivate func rotated(_ count: UInt32) -> UInt32 {
        (self << count) | (self >> (32 - count))
    }
}
