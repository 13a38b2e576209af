// SPDX-License-Identifier: Apache-2.0

/// The first bytes of an HDF5 file (format specification, section II.A).
struct Superblock {
    /// Bytes of the file before the superblock.
    let userBlock: Int
    var version = 0
    var byteCount = 0
    /// Where the file's contents end, as the file itself says.
    var endOfFile = 0
    var rootAddress = 0
    var extensionAddress: Int?
    /// Half the entries of a leaf (SNOD) and of an internal node of a group's B-tree.
    var groupLeafK = 4
    var groupInternalK = 16
    /// Half the entries of a node of a chunk B-tree.
    var chunkK = 32
    /// Version 3: whether the file was left open for writing.
    var isMarkedOpen = false

    private static let signature: StaticString = "\u{89}HDF\r\n\u{1A}\n"

    /// Where the superblock begins: behind a user block of 512 bytes times a power of two, or at 0.
    ///
    /// - Throws: ``HDF5Error`` when the file is not HDF5.
    static func offset(in bytes: UnsafeRawBufferPointer) throws(HDF5Error) -> Int {
        if hasSignature(bytes, at: 0) { return 0 }
        var offset = 512
        while offset < bytes.count {
            if hasSignature(bytes, at: offset) { return offset }
            offset *= 2
        }
        throw HDF5Error(.notHDF5, "is not an HDF5 file: its first bytes are not HDF5's")
    }

    /// Stands in for a superblock that is lost, in a file as Retort writes them.
    init(root: Int, endOfFile: Int) {
        userBlock = 0
        version = 2
        byteCount = 48
        rootAddress = root
        self.endOfFile = endOfFile
    }

    /// - Parameters:
    ///   - bytes: the file from its superblock on.
    ///   - userBlock: bytes that come before.
    /// - Throws: ``HDF5Error`` when the file is cut short, among others.
    init(
        _ bytes: UnsafeRawBufferPointer, userBlock: Int = 0, _ tolerance: HDF5Tolerance = .none
    ) throws(HDF5Error) {
        self.userBlock = userBlock
        var cursor = ByteCursor(bytes)
        try cursor.skip(8)
        version = try cursor.u8()
        switch version {
        case 0, 1: try parseOld(&cursor)
        case 2, 3: try parseNew(&cursor, bytes)
        default: throw .unsupported("superblock version \(version) is not known")
        }
        byteCount = cursor.position
        // The end is the one address that counts from the start of the file.
        guard endOfFile >= userBlock else {
            throw .damaged("the superblock says that the file ends at \(endOfFile)")
        }
        endOfFile -= userBlock
        guard endOfFile <= bytes.count || tolerance == .damage else {
            throw .damaged(
                "is cut short: it should have \(endOfFile) bytes and has \(bytes.count)")
        }
        guard byteCount <= endOfFile else {
            throw .damaged("the superblock says that the file ends at \(endOfFile)")
        }
    }

    private static func hasSignature(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard bytes.count >= 8, offset <= bytes.count - 8 else { return false }
        let expected: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
        return bytes[offset..<(offset + 8)].elementsEqual(expected)
    }

    private func checkSizes(offsets: Int, lengths: Int) throws(HDF5Error) {
        guard offsets == 8, lengths == 8 else {
            throw .unsupported(
                "addresses of \(offsets) bytes and lengths of \(lengths) bytes are not read;"
                    + " 8 and 8 are")
        }
    }

    private func checkBase(_ base: Int?) throws(HDF5Error) {
        guard base == userBlock else {
            throw .damaged("the superblock at \(userBlock) gives another base address")
        }
    }

    private mutating func parseOld(_ cursor: inout ByteCursor) throws(HDF5Error) {
        let freeSpaceVersion = try cursor.u8()
        let rootVersion = try cursor.u8()
        try cursor.skip(1)
        let sharedVersion = try cursor.u8()
        guard freeSpaceVersion == 0, rootVersion == 0, sharedVersion == 0 else {
            throw .damaged("the superblock has unknown versions in it")
        }
        let offsets = try cursor.u8()
        let lengths = try cursor.u8()
        try checkSizes(offsets: offsets, lengths: lengths)
        try cursor.skip(1)
        groupLeafK = try cursor.u16()
        groupInternalK = try cursor.u16()
        guard groupLeafK > 0, groupInternalK > 0 else {
            throw .damaged("the superblock gives group nodes no entries")
        }
        try cursor.skip(4)
        if version == 1 {
            chunkK = try cursor.u16()
            try cursor.skip(2)
            guard chunkK > 0 else { throw .damaged("the superblock gives chunk nodes no entries") }
        }
        try checkBase(try cursor.address())
        _ = try cursor.address()
        endOfFile = try cursor.definedAddress("end of the file")
        guard try cursor.address() == nil else {
            throw .unsupported("a driver information block (a family or multi file) is not read")
        }
        // The root group's symbol table entry; its cached addresses are also in its header.
        _ = try cursor.length()
        rootAddress = try cursor.definedAddress("root group")
        try cursor.skip(24)
    }

    private mutating func parseNew(
        _ cursor: inout ByteCursor, _ bytes: UnsafeRawBufferPointer
    ) throws(HDF5Error) {
        let offsets = try cursor.u8()
        let lengths = try cursor.u8()
        try checkSizes(offsets: offsets, lengths: lengths)
        let flags = try cursor.u8()
        isMarkedOpen = version == 3 && flags & 0b101 != 0
        try checkBase(try cursor.address())
        extensionAddress = try cursor.address()
        endOfFile = try cursor.definedAddress("end of the file")
        rootAddress = try cursor.definedAddress("root group")
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<cursor.position])
        guard isChecksum(try cursor.checksum(), of: body) else {
            throw .damaged("the checksum of the superblock does not match its bytes")
        }
    }
}
