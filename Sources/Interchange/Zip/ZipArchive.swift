// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A zip archive (APPNOTE.TXT 6.3) of which every member lies where both of its headers say.
struct ZipArchive: Sendable {
    struct Member: Sendable {
        let name: String
        /// Whether the bytes are stored as they are, so that they can be mapped.
        let isStored: Bool
        /// Where the member's bytes, compressed or not, lie in the file.
        let range: Range<Int>
        /// Bytes when decompressed.
        let byteCount: Int
        let checksum: UInt32
    }

    let path: String
    let region: ByteRegion
    /// In the order of the central directory.
    let members: [Member]

    /// Reads and checks the whole directory: both headers of every member, duplicates, overlaps,
    /// names that leave the archive, sizes.
    init(_ region: ByteRegion, path: String) throws(InterchangeError) {
        self.path = path
        self.region = region
        members = []
        throw InterchangeError(.unsupported, path, "zip archives are not read yet")
    }

    subscript(name: String) -> Member? { members.first { $0.name == name } }

    /// The member's bytes: a view of the mapped file when stored, otherwise decompressed.
    ///
    /// - Throws: ``InterchangeError`` for damaged data and for sizes that the bytes do not justify.
    func contents(of member: Member) throws(InterchangeError) -> ByteRegion {
        throw InterchangeError(.unsupported, path, "zip archives are not read yet")
    }

    /// Whether the member's bytes have the checksum that the archive states.
    func hasSoundChecksum(_ member: Member) throws(InterchangeError) -> Bool { false }
}
