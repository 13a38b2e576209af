// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The little-endian fields of one record of a zip archive, which is known to lie in the file.
struct ZipFields {
    private let bytes: UnsafeRawBufferPointer

    /// The `count` bytes at `offset`; nil when they are not all there.
    init?(_ file: UnsafeRawBufferPointer, at offset: Int, count: Int) {
        guard offset >= 0, count >= 0, offset <= file.count, count <= file.count - offset else {
            return nil
        }
        bytes = UnsafeRawBufferPointer(rebasing: file[offset..<(offset + count)])
    }

    var count: Int { bytes.count }
    var content: UnsafeRawBufferPointer { bytes }

    func u16(_ offset: Int) -> Int { Int(load(offset, as: UInt16.self)) }
    func u32(_ offset: Int) -> UInt32 { load(offset, as: UInt32.self) }
    func u64(_ offset: Int) -> UInt64 { load(offset, as: UInt64.self) }

    private func load<Word: FixedWidthInteger & BitwiseCopyable>(
        _ offset: Int, as _: Word.Type
    ) -> Word {
        // The standard library checks raw loads in debug builds only.
        precondition(offset >= 0 && offset <= bytes.count - MemoryLayout<Word>.size)
        return Word(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Word.self))
    }
}

/// Signatures and marks of the zip format (APPNOTE.TXT 6.3, section 4.3).
enum ZipMark {
    static let localHeader: UInt32 = 0x0403_4B50
    static let descriptor: UInt32 = 0x0807_4B50
    static let centralHeader: UInt32 = 0x0201_4B50
    static let zip64End: UInt32 = 0x0606_4B50
    static let zip64Locator: UInt32 = 0x0706_4B50
    static let end: UInt32 = 0x0605_4B50

    /// A 32-bit field whose value stands in a zip64 extra field.
    static let saturated: UInt32 = 0xFFFF_FFFF
    static let saturatedCount = 0xFFFF

    static let zip64Extra = 0x0001
    /// Info-ZIP's second name of a member.
    static let unicodePathExtra = 0x7075
    /// The padding that PyTorch aligns data with: `FB`.
    static let paddingExtra = 0x4246

    static let stored = 0
    static let deflated = 8

    static let usesDescriptor = 0x0008
    static let isUTF8 = 0x0800
    /// The strength of the compression, the descriptor and UTF-8. All others mean encryption,
    /// patches or nothing that was ever defined.
    static let knownFlags = 0x0006 | usesDescriptor | isUTF8
}
