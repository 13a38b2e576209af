// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ZipDirectory {
    /// The extra fields that readers act on (APPNOTE.TXT 6.3, section 4.5).
    struct Extras {
        var zip64: ZipFields?
        var unicodePath: UnsafeRawBufferPointer?
    }

    func extras(_ extra: ZipFields, of member: String) throws(FormatFault) -> Extras {
        var found = Extras()
        var position = 0
        while position < extra.count {
            guard let head = ZipFields(extra.content, at: position, count: 4),
                let body = ZipFields(extra.content, at: position + 4, count: head.u16(2))
            else {
                throw FormatFault(.malformed, member, "its extra fields are cut short")
            }
            switch head.u16(0) {
            case ZipMark.zip64Extra:
                guard found.zip64 == nil else {
                    throw FormatFault(.malformed, member, "it has two zip64 fields")
                }
                found.zip64 = body
            case ZipMark.unicodePathExtra: found.unicodePath = body.content
            default: break
            }
            position += 4 + body.count
        }
        return found
    }

    /// Takes the values of saturated fields from the zip64 field, in their fixed order.
    static func expand(_ record: inout Record, _ zip64: ZipFields?) throws(FormatFault) {
        let saturated = UInt64(ZipMark.saturated)
        let wanted = [record.byteCount, record.storedByteCount, record.headerStart]
            .count { $0 == saturated }
        guard wanted > 0 || zip64 != nil else { return }
        // Some writers add the number of the volume, four bytes.
        guard let zip64, zip64.count == wanted * 8 || zip64.count == wanted * 8 + 4 else {
            throw FormatFault(
                .malformed, record.name,
                "found a zip64 field of \(zip64?.count ?? 0) bytes, expected \(wanted * 8)")
        }
        var offset = 0
        func next() -> UInt64 {
            defer { offset += 8 }
            return zip64.u64(offset)
        }
        if record.byteCount == saturated { record.byteCount = next() }
        if record.storedByteCount == saturated { record.storedByteCount = next() }
        if record.headerStart == saturated { record.headerStart = next() }
    }

    /// Info-ZIP's second name must be the first one: a version byte, a checksum, the name.
    func check(
        _ unicodePath: UnsafeRawBufferPointer?, of record: Record
    ) throws(FormatFault) {
        guard let unicodePath else { return }
        guard unicodePath.dropFirst(5).elementsEqual(record.nameBytes) else {
            throw FormatFault(.malformed, record.name, "it has a second name that differs")
        }
    }
}
