// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ZipDirectory {
    /// Where the data of a member lie, and the whole member from its local header to the end of
    /// its data descriptor (APPNOTE.TXT 6.3, sections 4.3.7 and 4.3.9).
    ///
    /// - Throws: ``FormatFault`` unless the local header says what the central one says.
    func locate(
        _ record: Record, before end: Int
    ) throws(FormatFault) -> (data: Range<Int>, whole: Range<Int>) {
        func fault(_ problem: String) -> FormatFault {
            FormatFault(.malformed, record.name, problem)
        }
        let space = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        guard let start = Int(exactly: record.headerStart),
            let local = ZipFields(space, at: start, count: 30),
            local.u32(0) == ZipMark.localHeader,
            let name = ZipFields(space, at: start + 30, count: local.u16(26)),
            let extra = ZipFields(space, at: start + 30 + name.count, count: local.u16(28))
        else {
            throw fault(
                "there is no local header at byte \(record.headerStart), where it should be")
        }
        guard name.content.elementsEqual(record.nameBytes) else {
            let text = String(decoding: name.content, as: UTF8.self)
            throw fault("its local header has another name, '\(text)'")
        }
        guard local.u16(6) == record.flags else { throw fault("its two headers differ in flags") }
        guard local.u16(8) == record.method else {
            throw fault("its two headers differ in the compression method")
        }
        let extras = try self.extras(extra, of: record.name)
        try check(extras.unicodePath, of: record)
        try checkSizes(of: record, local: local, zip64: extras.zip64)
        let dataStart = start + 30 + name.count + extra.count
        guard record.storedByteCount <= UInt64(end - dataStart) else {
            throw fault(
                "its \(record.storedByteCount) bytes at \(dataStart) reach past \(end), where the"
                    + " members end")
        }
        let data = dataStart..<(dataStart + Int(record.storedByteCount))
        guard record.flags & ZipMark.usesDescriptor != 0 else {
            return (data, start..<data.upperBound)
        }
        let descriptor = try descriptorByteCount(of: record, at: data.upperBound, in: space)
        return (data, start..<(data.upperBound + descriptor))
    }

    private func checkSizes(
        of record: Record, local: ZipFields, zip64: ZipFields?
    ) throws(FormatFault) {
        // Written before the data were known: the fields may be zero.
        let mayBeZero = record.flags & ZipMark.usesDescriptor != 0
        guard local.u32(14) == record.checksum || (mayBeZero && local.u32(14) == 0) else {
            throw FormatFault(.malformed, record.name, "its two headers differ in the checksum")
        }
        let found = [local.u32(22), local.u32(18)]
        let expected = [record.byteCount, record.storedByteCount]
        var offset = 0
        for (field, value) in zip(found, expected) {
            var size = UInt64(field)
            if field == ZipMark.saturated, let zip64, offset + 8 <= zip64.count {
                size = zip64.u64(offset)
                offset += 8
            }
            guard size == value || (mayBeZero && size == 0) else {
                throw FormatFault(
                    .malformed, record.name,
                    "found a size of \(size) bytes in its local header, expected \(value)")
            }
        }
    }

    /// The length of the descriptor after the data: with or without its signature, with sizes of
    /// 32 or 64 bits.
    private func descriptorByteCount(
        of record: Record, at position: Int, in space: UnsafeRawBufferPointer
    ) throws(FormatFault) -> Int {
        for (signature, width) in [(4, 4), (4, 8), (0, 4), (0, 8)] {
            guard let fields = ZipFields(space, at: position, count: signature + 4 + 2 * width),
                signature == 0 || fields.u32(0) == ZipMark.descriptor,
                fields.u32(signature) == record.checksum
            else { continue }
            func size(_ offset: Int) -> UInt64 {
                width == 8 ? fields.u64(offset) : UInt64(fields.u32(offset))
            }
            if size(signature + 4) == record.storedByteCount,
                size(signature + 4 + width) == record.byteCount
            {
                return fields.count
            }
        }
        // PyTorch's writer leaves the descriptor of an empty member out.
        if record.storedByteCount == 0, record.byteCount == 0, record.checksum == 0 { return 0 }
        throw FormatFault(.malformed, record.name, "its data descriptor differs from its headers")
    }
}
