// SPDX-License-Identifier: Apache-2.0

import CDeflate
import Tensors

/// Writes a zip archive of stored members, one after the other.
///
/// Equal members give equal bytes: every date is 1980-01-01, the first that the format knows.
struct ZipWriter {
    private let path: String
    private var sink: OutputFile.Sink
    private var names: Set<String> = []
    private var directory: [UInt8] = []
    private var memberCount = 0
    /// Sizes and offsets from here on stand in zip64 fields.
    private let zip64Threshold: UInt64

    private init(path: String, sink: OutputFile.Sink, zip64Threshold: UInt64) {
        self.path = path
        self.sink = sink
        self.zip64Threshold = zip64Threshold
    }

    /// Writes the archive that `body` fills, whole or not at all.
    static func write(
        to path: String, _ body: (inout ZipWriter) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        try write(to: path, zip64Threshold: UInt64(ZipMark.saturated), body)
    }

    /// As ``write(to:_:)``, with zip64 fields for anything from `zip64Threshold` on: how they are
    /// tested without files of many gigabytes.
    static func write(
        to path: String, zip64Threshold: UInt64,
        _ body: (inout ZipWriter) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        try OutputFile.replace(path) { (sink) throws(InterchangeError) in
            var writer = ZipWriter(path: path, sink: sink, zip64Threshold: zip64Threshold)
            try body(&writer)
            try writer.finish()
            sink = writer.sink
        }
    }

    /// Adds a stored member whose bytes are `parts` in order and begin at a multiple of
    /// `alignment` bytes in the file (PyTorch aligns storages to 64).
    ///
    /// - Throws: ``InterchangeError`` for a name that ``ZipArchive`` would refuse.
    mutating func add(
        _ name: String, alignment: Int = 1, _ parts: [UnsafeRawBufferPointer]
    ) throws(InterchangeError) {
        if let problem = ZipName.problem(name) ?? (name.utf8.count > 0xFFFF ? "is too long" : nil) {
            throw InterchangeError(
                .unsupported, path, "a zip archive cannot hold '\(name)': it \(problem)")
        }
        guard names.insert(ZipName.folded(name)).inserted,
            memberCount < ZipDirectory.largestMemberCount
        else {
            throw InterchangeError(
                .unsupported, path,
                "a zip archive cannot hold '\(name)': the name is already"
                    + " there or there are too many")
        }
        var checksum: UInt32 = 0
        for part in parts {
            checksum = libdeflate_crc32(checksum, part.baseAddress, part.count)
        }
        let entry = Entry(
            name: Array(name.utf8), checksum: checksum,
            byteCount: parts.reduce(0) { $0 + UInt64($1.count) },
            headerStart: UInt64(sink.position), threshold: zip64Threshold)
        try sink.write(entry.localHeader(alignment: alignment))
        for part in parts { try sink.write(part) }
        directory += entry.centralHeader
        memberCount += 1
    }

    /// Adds a stored member of the given bytes.
    mutating func add(
        _ name: String, alignment: Int = 1, bytes: [UInt8]
    ) throws(InterchangeError) {
        let result = bytes.withUnsafeBytes { part in
            Result { () throws(InterchangeError) in
                try add(name, alignment: alignment, [part])
            }
        }
        try result.get()
    }

    /// The central directory and the records that end the archive.
    private mutating func finish() throws(InterchangeError) {
        let start = UInt64(sink.position)
        let size = UInt64(directory.count)
        var end: [UInt8] = []
        if max(start, size) >= zip64Threshold || memberCount >= ZipMark.saturatedCount {
            let record = start + size
            end.append(ZipMark.zip64End)
            end.append(UInt64(44))
            end.append(Entry.madeBy)
            end.append(UInt16(45))
            end.append(UInt64(0))  // volumes
            for value in [UInt64(memberCount), UInt64(memberCount), size, start] {
                end.append(value)
            }
            end.append(ZipMark.zip64Locator)
            end.append(UInt32(0))
            end.append(record)
            end.append(UInt32(1))
        }
        end.append(ZipMark.end)
        end.append(UInt32(0))  // volumes
        let count = UInt16(min(memberCount, ZipMark.saturatedCount))
        end.append(count)
        end.append(count)
        end.append(Entry.narrow(size, zip64Threshold))
        end.append(Entry.narrow(start, zip64Threshold))
        end.append(UInt16(0))  // comment
        try sink.write(directory)
        try sink.write(end)
    }
}

extension [UInt8] {
    /// Appends an integer in little-endian order.
    fileprivate mutating func append(_ value: some FixedWidthInteger & BitwiseCopyable) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

extension ZipWriter {
    /// One member and the two headers that describe it (APPNOTE.TXT 6.3, section 4.3).
    private struct Entry {
        let name: [UInt8]
        let checksum: UInt32
        let byteCount: UInt64
        let headerStart: UInt64
        let threshold: UInt64

        /// Version 2.0 on Unix.
        static let madeBy: UInt16 = 3 << 8 | 20

        static func narrow(_ value: UInt64, _ threshold: UInt64) -> UInt32 {
            value >= threshold ? ZipMark.saturated : UInt32(value)
        }

        private var isBig: Bool { byteCount >= threshold }
        private var isFar: Bool { headerStart >= threshold }

        /// What both headers share: from the version that a reader needs to the length of the
        /// name.
        private var common: [UInt8] {
            var bytes: [UInt8] = []
            bytes.append(UInt16(isBig || isFar ? 45 : 20))
            bytes.append(UInt16(name.contains { $0 >= 0x80 } ? ZipMark.isUTF8 : 0))
            bytes.append(UInt16(ZipMark.stored))
            bytes.append(UInt16(0))  // midnight
            bytes.append(UInt16(1 << 5 | 1))  // 1980-01-01
            bytes.append(checksum)
            bytes.append(Self.narrow(byteCount, threshold))
            bytes.append(Self.narrow(byteCount, threshold))
            bytes.append(UInt16(name.count))
            return bytes
        }

        private func zip64(_ values: [UInt64]) -> [UInt8] {
            guard !values.isEmpty else { return [] }
            var bytes: [UInt8] = []
            bytes.append(UInt16(ZipMark.zip64Extra))
            bytes.append(UInt16(values.count * 8))
            for value in values { bytes.append(value) }
            return bytes
        }

        func localHeader(alignment: Int) -> [UInt8] {
            var extra = zip64(isBig ? [byteCount, byteCount] : [])
            let dataStart = headerStart + UInt64(30 + name.count + extra.count)
            let excess = Int(dataStart % UInt64(alignment))
            if excess != 0 {
                // The padding field itself takes four bytes.
                var padding = alignment - excess
                while padding < 4 { padding += alignment }
                extra.append(UInt16(ZipMark.paddingExtra))
                extra.append(UInt16(padding - 4))
                extra += [UInt8](repeating: UInt8(ascii: "Z"), count: padding - 4)
            }
            var bytes: [UInt8] = []
            bytes.append(ZipMark.localHeader)
            bytes += common
            bytes.append(UInt16(extra.count))
            return bytes + name + extra
        }

        var centralHeader: [UInt8] {
            let extra = zip64((isBig ? [byteCount, byteCount] : []) + (isFar ? [headerStart] : []))
            var bytes: [UInt8] = []
            bytes.append(ZipMark.centralHeader)
            bytes.append(Self.madeBy)
            bytes += common
            bytes.append(UInt16(extra.count))
            bytes.append(UInt16(0))  // comment
            bytes.append(UInt16(0))  // volume
            bytes.append(UInt16(0))  // internal attributes
            bytes.append(UInt32(0o100644) << 16)  // a regular file
            bytes.append(Self.narrow(headerStart, threshold))
            return bytes + name + extra
        }
    }
}
