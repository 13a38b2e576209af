// SPDX-License-Identifier: Apache-2.0

import CDeflate
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
    private let indices: [String: Int]

    /// Reads and checks the whole directory: both headers of every member, duplicates, overlaps,
    /// names that leave the archive, sizes. See ``ZipDirectory``.
    init(_ region: ByteRegion, path: String) throws(InterchangeError) {
        let directory = ZipDirectory(region.bytes)
        if let fault = directory.faults.list.first { throw fault.error(path, "member") }
        self.path = path
        self.region = region
        members = directory.members
        indices = Dictionary(
            uniqueKeysWithValues: zip(members.map(\.name), members.indices))
    }

    subscript(name: String) -> Member? { indices[name].map { members[$0] } }

    /// Everything that breaks the rules.
    ///
    /// - Parameter full: also compares the checksum of every sound member with its bytes.
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        let directory = ZipDirectory(region.bytes)
        var problems = directory.faults.list.map(\.fileProblem)
        guard full else { return problems }
        for member in directory.members {
            do throws(InterchangeError) {
                let found = try checksum(of: member, in: region, path: path)
                if found != member.checksum {
                    problems.append(
                        FileProblem(
                            object: member.name,
                            problem: checksumProblem(found, expected: member.checksum)))
                }
            } catch {
                let prefix = "member '\(member.name)': "
                let text =
                    error.problem.hasPrefix(prefix)
                    ? String(error.problem.dropFirst(prefix.count)) : error.problem
                problems.append(FileProblem(object: member.name, problem: text))
            }
        }
        return problems
    }

    /// The member's bytes: a view of the mapped file when stored, otherwise decompressed.
    ///
    /// Decompressed bytes are compared with their checksum; stored ones are not, see
    /// ``hasSoundChecksum(_:)``.
    /// - Throws: ``InterchangeError`` for damaged data and for sizes that the bytes do not justify.
    func contents(of member: Member) throws(InterchangeError) -> ByteRegion {
        if member.isStored { return ByteRegion(part: member.range, of: region) }
        let (bytes, consumed) = try Self.stream(of: member, in: region, path: path)
            .inflated(count: member.byteCount)
        guard consumed == member.range.count else {
            throw InterchangeError(
                .malformed, path,
                "member '\(member.name)': found \(member.range.count - consumed) bytes after the"
                    + " compressed data, expected none")
        }
        let found = libdeflate_crc32(0, bytes.bytes.baseAddress, bytes.count)
        guard found == member.checksum else {
            throw InterchangeError(
                .malformed, path,
                "member '\(member.name)': "
                    + Self.checksumProblem(found, expected: member.checksum))
        }
        return bytes
    }

    /// At most the first `count` bytes of the member, decompressed no further than that.
    func prefix(of member: Member, _ count: Int) throws(InterchangeError) -> [UInt8] {
        guard member.isStored else {
            return try Self.stream(of: member, in: region, path: path)
                .prefix(min(count, member.byteCount))
        }
        return Array(region.bytes[member.range].prefix(count))
    }

    /// Whether the member's bytes have the checksum that the archive states.
    func hasSoundChecksum(_ member: Member) throws(InterchangeError) -> Bool {
        try Self.checksum(of: member, in: region, path: path) == member.checksum
    }

    private static func checksum(
        of member: Member, in region: ByteRegion, path: String
    ) throws(InterchangeError) -> UInt32 {
        guard member.isStored else {
            return try stream(of: member, in: region, path: path)
                .checksum(count: member.byteCount)
        }
        let stored = ByteRegion(part: member.range, of: region)
        // A file may be larger than memory: what was looked at goes back to the system.
        defer { stored.releasePages() }
        return libdeflate_crc32(0, stored.bytes.baseAddress, stored.count)
    }

    private static func stream(
        of member: Member, in region: ByteRegion, path: String
    ) -> DeflateStream {
        DeflateStream(
            input: UnsafeRawBufferPointer(rebasing: region.bytes[member.range]), path: path,
            object: member.name)
    }

    private static func checksumProblem(_ found: UInt32, expected: UInt32) -> String {
        func text(_ value: UInt32) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
        return "its bytes have the checksum \(text(found)), expected \(text(expected))"
    }
}
