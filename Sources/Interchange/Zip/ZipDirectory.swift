// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The directory of a zip archive, read without trust: the members that are sound, and everything
/// that breaks the rules.
///
/// The rules leave one way to read a file: the members fill it from its first byte to the central
/// directory, without gaps or overlaps, and both headers of a member say the same. An archive
/// that two programs would read differently is refused.
struct ZipDirectory {
    /// One header of the central directory (APPNOTE.TXT 6.3, section 4.3.12).
    struct Record {
        let name: String
        let nameBytes: UnsafeRawBufferPointer
        let flags: Int
        let method: Int
        let checksum: UInt32
        var storedByteCount: UInt64
        var byteCount: UInt64
        var headerStart: UInt64
    }

    static let largestMemberCount = 100_000
    /// What may come out of an archive, whatever its size, and how many times its size beyond.
    /// Weights hardly compress; arrays of zeros do, a thousandfold.
    static let modestByteCount: UInt64 = 256 << 20
    static let largestGrowth: UInt64 = 100

    let bytes: UnsafeRawBufferPointer
    private(set) var faults = FormatFaults()
    private(set) var members: [ZipArchive.Member] = []

    /// - Parameter bytes: the whole file, which must outlive the directory.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        do throws(FormatFault) {
            let end = try ZipEndRecord(bytes)
            try read(end)
        } catch {
            faults.note(error)
        }
    }

    private mutating func read(_ end: ZipEndRecord) throws(FormatFault) {
        // Every header takes 46 bytes or more, so the count is bounded by what is there.
        guard end.memberCount <= end.directory.count / 46 else {
            throw FormatFault(
                "found \(end.memberCount) members in the end record,"
                    + " expected at most \(end.directory.count / 46) in a directory of"
                    + " \(end.directory.count) bytes")
        }
        var position = end.directory.lowerBound
        var names: Set<String> = []
        var spans: [(range: Range<Int>, name: String)] = []
        var total: UInt64 = 0
        names.reserveCapacity(end.memberCount)
        members.reserveCapacity(end.memberCount)
        for index in 0..<end.memberCount {
            let (record, found) = try centralHeader(index, at: &position, end: end.directory)
            for fault in found { faults.note(fault) }
            if !names.insert(ZipName.folded(record.name)).inserted {
                faults.note(
                    FormatFault(.malformed, record.name, "the name stands twice in the archive"))
            }
            let (sum, overflow) = total.addingReportingOverflow(record.byteCount)
            total = overflow ? .max : sum
            do throws(FormatFault) {
                let (range, span) = try locate(record, before: end.directory.lowerBound)
                spans.append((span, record.name))
                // A folder's own member holds nothing.
                let isFolder = record.name.utf8.last == UInt8(ascii: "/") && range.isEmpty
                guard found.isEmpty, !isFolder, let byteCount = Int(exactly: record.byteCount)
                else { continue }
                members.append(
                    ZipArchive.Member(
                        name: record.name, isStored: record.method == ZipMark.stored,
                        range: range, byteCount: byteCount, checksum: record.checksum))
            } catch {
                faults.note(error)
            }
        }
        guard position == end.directory.upperBound else {
            throw FormatFault(
                "the central directory holds more than its \(end.memberCount) members")
        }
        if total > max(Self.modestByteCount, UInt64(bytes.count) * Self.largestGrowth) {
            faults.note(
                FormatFault(
                    .unsupported, "",
                    "its members would decompress to \(total) bytes, over"
                        + " \(Self.largestGrowth) times the file's size"))
        }
        // Gaps next to a member that is damaged would only repeat what is wrong with it.
        if spans.count == end.memberCount { checkCoverage(spans, end.directory.lowerBound) }
    }

    /// Every byte before the central directory belongs to exactly one member.
    private mutating func checkCoverage(
        _ spans: [(range: Range<Int>, name: String)], _ end: Int
    ) {
        var position = 0
        for (range, name) in spans.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            if range.lowerBound < position {
                faults.note(
                    FormatFault(.malformed, name, "its bytes overlap those of another member"))
            } else if range.lowerBound > position {
                faults.note(
                    FormatFault(
                        .malformed, name,
                        "the \(range.lowerBound - position) bytes before it belong to no member"))
            }
            position = max(position, range.upperBound)
        }
        if position < end {
            faults.note(
                FormatFault(
                    "the \(end - position) bytes before the central directory belong to no member"))
        }
    }
}
