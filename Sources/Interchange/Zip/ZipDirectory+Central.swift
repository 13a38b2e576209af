// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ZipDirectory {
    /// Reads the header at `position` and moves there past it, with what is wrong in it.
    ///
    /// - Throws: ``FormatFault`` when the directory cannot be read any further.
    func centralHeader(
        _ index: Int, at position: inout Int, end directory: Range<Int>
    ) throws(FormatFault) -> (Record, [FormatFault]) {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[..<directory.upperBound])
        guard let fields = ZipFields(rest, at: position, count: 46),
            fields.u32(0) == ZipMark.centralHeader,
            let name = ZipFields(rest, at: position + 46, count: fields.u16(28)),
            let extra = ZipFields(rest, at: position + 46 + name.count, count: fields.u16(30)),
            let comment = ZipFields(
                rest, at: position + 46 + name.count + extra.count, count: fields.u16(32))
        else { throw FormatFault("the central directory is damaged at member \(index)") }
        position += 46 + name.count + extra.count + comment.count
        let text = String(decoding: name.content, as: UTF8.self)
        var faults: [FormatFault] = []
        func note(_ kind: InterchangeError.Kind, _ problem: String) {
            faults.append(FormatFault(kind, text, problem))
        }
        var record = Record(
            name: text, nameBytes: name.content, flags: fields.u16(8), method: fields.u16(10),
            checksum: fields.u32(16), storedByteCount: UInt64(fields.u32(20)),
            byteCount: UInt64(fields.u32(24)), headerStart: UInt64(fields.u32(42)))
        do throws(FormatFault) {
            let extras = try self.extras(extra, of: text)
            try Self.expand(&record, extras.zip64)
            try check(extras.unicodePath, of: record)
        } catch {
            faults.append(error)
        }
        if let problem = ZipName.problem(name.content) { note(.malformed, "it \(problem)") }
        if record.flags & ZipMark.isUTF8 == 0, name.content.contains(where: { $0 >= 0x80 }) {
            note(.unsupported, "its name is not ASCII and not marked as UTF-8")
        }
        if fields.u16(34) != 0 { note(.unsupported, "it starts in another volume") }
        // Unix keeps the kind of file in the upper half: 0xA000 is a symbolic link.
        let kind = fields.u32(38) >> 28
        if kind == 0xA { note(.malformed, "it is a symbolic link") }
        if ![0, 0x4, 0x8, 0xA].contains(kind) { note(.malformed, "it is not a regular file") }
        checkMethod(record).forEach { note($0.kind, $0.problem) }
        return (record, faults)
    }

    private func checkMethod(_ record: Record) -> [FormatFault] {
        func fault(_ kind: InterchangeError.Kind, _ problem: String) -> [FormatFault] {
            [FormatFault(kind, record.name, problem)]
        }
        if record.flags & 0x2041 != 0 { return fault(.unsupported, "it is encrypted") }
        if record.flags & ~ZipMark.knownFlags != 0 {
            return fault(
                .unsupported,
                "found the flags 0x\(String(record.flags, radix: 16)), which mean"
                    + " nothing in an archive of weights")
        }
        switch record.method {
        case ZipMark.stored where record.byteCount != record.storedByteCount:
            return fault(
                .malformed,
                "found \(record.storedByteCount) stored bytes,"
                    + " expected the \(record.byteCount) of the member")
        // DEFLATE turns 2 bits into at most 258 bytes, so no stream grows by more than 1032.
        case ZipMark.deflated where record.byteCount / 1032 > record.storedByteCount:
            return fault(
                .malformed,
                "\(record.storedByteCount) compressed bytes cannot hold the"
                    + " \(record.byteCount) bytes that are declared")
        case ZipMark.stored, ZipMark.deflated: return []
        default:
            return fault(
                .unsupported,
                "found compression method \(record.method),"
                    + " expected 0 (stored) or 8 (deflate)")
        }
    }
}
