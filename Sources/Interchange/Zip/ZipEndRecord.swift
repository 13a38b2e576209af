// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where the central directory lies, from the records at the end of an archive (APPNOTE.TXT 6.3,
/// sections 4.3.14 to 4.3.16).
struct ZipEndRecord {
    let memberCount: Int
    let directory: Range<Int>

    private static let byteCount = 22
    private static let locatorByteCount = 20
    private static let zip64ByteCount = 56

    init(_ bytes: UnsafeRawBufferPointer) throws(FormatFault) {
        let (position, fields) = try Self.locate(bytes)
        guard fields.u16(4) == 0, fields.u16(6) == 0, fields.u16(8) == fields.u16(10) else {
            throw FormatFault(.unsupported, "", "the archive is one of several volumes")
        }
        var count = UInt64(fields.u16(10))
        var size = UInt64(fields.u32(12))
        var start = UInt64(fields.u32(16))
        var end = position
        if let (zip64, zip64Position) = try Self.zip64(bytes, before: position) {
            // Readers differ in which of the two records they trust, so they must agree.
            guard count == ZipMark.saturatedCount || count == zip64.u64(32),
                size == ZipMark.saturated || size == zip64.u64(40),
                start == ZipMark.saturated || start == zip64.u64(48)
            else { throw FormatFault("the zip64 record and the end record differ") }
            (count, size, start) = (zip64.u64(32), zip64.u64(40), zip64.u64(48))
            end = zip64Position
        } else if count == ZipMark.saturatedCount || size == ZipMark.saturated
            || start == ZipMark.saturated
        {
            throw FormatFault("the end record refers to a zip64 record that is not there")
        }
        guard start <= UInt64(end), size == UInt64(end) - start else {
            throw FormatFault(
                "the central directory is said to take \(size) bytes at \(start), and should end"
                    + " at \(end), where the end record starts")
        }
        guard count <= ZipDirectory.largestMemberCount else {
            throw FormatFault(
                .unsupported, "",
                "found \(count) members, expected at most \(ZipDirectory.largestMemberCount)")
        }
        memberCount = Int(count)
        directory = Int(start)..<end
    }

    /// The end record: the last one in the file, whose comment must end where the file ends.
    private static func locate(
        _ bytes: UnsafeRawBufferPointer
    ) throws(FormatFault) -> (Int, ZipFields) {
        // A comment is at most 65,535 bytes long.
        let lowest = max(0, bytes.count - byteCount - 0xFFFF)
        var found: (Int, ZipFields)?
        var isLast = true
        var position = bytes.count - byteCount
        while position >= lowest {
            defer { position -= 1 }
            guard bytes[position] == 0x50,
                let fields = ZipFields(bytes, at: position, count: byteCount),
                fields.u32(0) == ZipMark.end
            else { continue }
            let reachesEnd = position + byteCount + fields.u16(20) == bytes.count
            if isLast, !reachesEnd {
                throw FormatFault("the archive is cut short or has bytes after its end record")
            }
            isLast = false
            if reachesEnd, found != nil {
                throw FormatFault("two end records fit, so readers would see different archives")
            }
            if reachesEnd { found = (position, fields) }
        }
        guard let found else { throw FormatFault("the archive has no end record: it is cut short") }
        return found
    }

    /// The zip64 record and its position, when its locator precedes the end record.
    private static func zip64(
        _ bytes: UnsafeRawBufferPointer, before end: Int
    ) throws(FormatFault) -> (ZipFields, Int)? {
        let place = end - locatorByteCount
        guard let locator = ZipFields(bytes, at: place, count: locatorByteCount),
            locator.u32(0) == ZipMark.zip64Locator
        else { return nil }
        let position = place - zip64ByteCount
        guard let record = ZipFields(bytes, at: position, count: zip64ByteCount),
            locator.u64(8) == UInt64(position), record.u32(0) == ZipMark.zip64End,
            record.u64(4) == UInt64(zip64ByteCount - 12)
        else { throw FormatFault("the zip64 record does not lie right before its locator") }
        guard locator.u32(4) == 0, locator.u32(16) <= 1, record.u32(16) == 0, record.u32(20) == 0,
            record.u64(24) == record.u64(32)
        else { throw FormatFault(.unsupported, "", "the archive is one of several volumes") }
        return (record, position)
    }
}
