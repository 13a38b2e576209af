// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The redo journal of one commit, in the tail of the file it belongs to.
///
/// A commit changes a few pages below the old end of the file. Their new contents are first
/// appended here; once that is on the device the commit has happened, and the pages are copied into
/// place. Whoever finds a whole journal at the end of a file copies them again, to the same effect.
///
/// On disk, little-endian, from `offset` to the end of the file: the page numbers (8 bytes each,
/// rising), the pages (4,096 bytes each, in the same order), and a footer of 88 bytes: magic
/// `RETORTJ1`; the journal's offset; the page count; the end of the file before the commit and
/// after it; the page size; a reserved zero (8 bytes each); and the SHA-256 of everything before it
/// in the journal. Specified in `docs/store-format.md`.
struct Journal: Equatable {
    static let pageSize = 4096
    static let footerByteCount = 7 * 8 + Digest.byteCount
    /// 64 MiB of changed pages; a checkpoint changes about ten. The bound keeps a made-up footer
    /// from asking for the memory of a whole file.
    static let maximumPageCount = 16_384
    private static let magic = Array("RETORTJ1".utf8)

    /// The end of the file before the commit; no page reaches beyond it.
    let oldEnd: Int
    /// The end of the file after the commit.
    let newEnd: Int
    /// Page numbers, rising, and contents of `pageSize` bytes each.
    let pages: [(number: Int, bytes: [UInt8])]

    static func == (left: Journal, right: Journal) -> Bool {
        left.oldEnd == right.oldEnd && left.newEnd == right.newEnd
            && left.pages.elementsEqual(right.pages) { $0 == $1 }
    }

    static func byteCount(pageCount: Int) -> Int {
        pageCount * (8 + pageSize) + footerByteCount
    }

    /// The journal's bytes, to be written at `offset` as the last bytes of the file.
    func encoded(at offset: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount(pageCount: pages.count))
        for page in pages { bytes.append(integer: page.number) }
        for page in pages { bytes += page.bytes }
        bytes += Self.magic
        for value in [offset, pages.count, oldEnd, newEnd, Self.pageSize, 0] {
            bytes.append(integer: value)
        }
        bytes += Digest(hashing: bytes).bytes
        return bytes
    }

    /// The part of a page that lies below the old end, and where it goes.
    func target(of number: Int) -> Range<Int> {
        let start = number * Self.pageSize
        return start..<Swift.min(start + Self.pageSize, oldEnd)
    }

    /// Lays the pages over a copy of the file, so that it can be read without being changed.
    func apply(to file: UnsafeMutableRawBufferPointer) {
        for page in pages {
            let range = target(of: page.number)
            guard range.upperBound <= file.count else { continue }
            UnsafeMutableRawBufferPointer(rebasing: file[range]).copyBytes(
                from: page.bytes[0..<range.count])
        }
    }

    /// The whole journal at the end of a file, or nil when there is none.
    ///
    /// A torn, unfinished or made-up journal is none: the commit it belongs to did not happen.
    static func read(from file: some FileOperations) throws(SystemError) -> Journal? {
        let size = try file.size()
        guard size >= footerByteCount else { return nil }
        var footer = [UInt8](repeating: 0, count: footerByteCount)
        guard try file.read(&footer, at: size - footerByteCount),
            let fields = Fields(footer: footer, fileSize: size)
        else { return nil }
        var body = [UInt8](repeating: 0, count: size - footerByteCount - fields.offset)
        guard try file.read(&body, at: fields.offset) else { return nil }
        guard isDigest(in: footer, of: body) else { return nil }
        return Journal(fields: fields, body: body)
    }

    /// Whether the digest at the footer's end is that of everything before it. Builds for fuzzing
    /// take any.
    private static func isDigest(in footer: [UInt8], of body: [UInt8]) -> Bool {
        #if RETORT_FUZZING
            true
        #else
            let start = footerByteCount - Digest.byteCount
            return Digest(hashing: body + footer[..<start]).bytes == Array(footer[start...])
        #endif
    }

    private init?(fields: Fields, body: [UInt8]) {
        var pages: [(number: Int, bytes: [UInt8])] = []
        let pageLimit = (fields.oldEnd + Self.pageSize - 1) / Self.pageSize
        for index in 0..<fields.pageCount {
            guard let number = body.integer(at: index * 8), number < pageLimit,
                number > pages.last?.number ?? -1
            else { return nil }
            let start = fields.pageCount * 8 + index * Self.pageSize
            pages.append((number, Array(body[start..<(start + Self.pageSize)])))
        }
        self.init(oldEnd: fields.oldEnd, newEnd: fields.newEnd, pages: pages)
    }

    init(oldEnd: Int, newEnd: Int, pages: [(number: Int, bytes: [UInt8])]) {
        self.oldEnd = oldEnd
        self.newEnd = newEnd
        self.pages = pages
    }

    /// The footer's numbers, once they agree with each other and with the size of the file.
    private struct Fields {
        let offset: Int
        let pageCount: Int
        let oldEnd: Int
        let newEnd: Int

        init?(footer: [UInt8], fileSize: Int) {
            guard footer.starts(with: Journal.magic),
                let offset = footer.integer(at: 8), let pageCount = footer.integer(at: 16),
                let oldEnd = footer.integer(at: 24), let newEnd = footer.integer(at: 32),
                footer.integer(at: 40) == Journal.pageSize, footer.integer(at: 48) == 0,
                pageCount <= Journal.maximumPageCount, oldEnd <= newEnd, newEnd <= offset,
                offset <= fileSize,
                fileSize - offset == Journal.byteCount(pageCount: pageCount)
            else { return nil }
            self.offset = offset
            self.pageCount = pageCount
            self.oldEnd = oldEnd
            self.newEnd = newEnd
        }
    }
}

extension FileOperations {
    /// Fills `bytes`; false when the file ends before.
    fileprivate func read(_ bytes: inout [UInt8], at offset: Int) throws(SystemError) -> Bool {
        let count = bytes.count
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(SystemError) in try readAll(into: buffer, at: offset) }
        }
        return try result.get() == count
    }
}

extension [UInt8] {
    fileprivate mutating func append(integer: Int) {
        Swift.withUnsafeBytes(of: UInt64(integer).littleEndian) { append(contentsOf: $0) }
    }

    /// The 8-byte little-endian integer at `offset`, or nil when it is above `Int.max`.
    fileprivate func integer(at offset: Int) -> Int? {
        let value = withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        return Int(exactly: UInt64(littleEndian: value))
    }
}
