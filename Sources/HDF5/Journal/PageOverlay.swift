// SPDX-License-Identifier: Apache-2.0

/// Changed pages of the committed part of a file, kept in memory until they are committed.
struct PageOverlay {
    /// Where the overlay's authority ends: later bytes of its last page are in the file itself.
    private(set) var limit: Int
    private var pages: [Int: [UInt8]] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { pages.isEmpty }
    var pageCount: Int { pages.count }
    var sortedPages: [(number: Int, bytes: [UInt8])] {
        pages.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Takes `bytes`, which must end at or before the limit.
    ///
    /// - Throws: when the rest of a page cannot be read.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, over file: some FileOperations
    ) throws(SystemError) {
        for part in Part.parts(of: bytes, at: offset) {
            var page: [UInt8]
            if let taken = pages.removeValue(forKey: part.number) {
                page = taken
            } else {
                page =
                    part.range.count == Journal.pageSize
                    ? Self.blank : try Self.page(part.number, of: file)
            }
            page.replaceSubrange(part.range, with: part.bytes)
            pages[part.number] = page
        }
    }

    /// Takes `bytes` of a file that will not be committed: what cannot be read counts as zero.
    mutating func keep(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, over file: some FileOperations
    ) {
        for part in Part.parts(of: bytes, at: offset) {
            var page = pages.removeValue(forKey: part.number) ?? Self.anyPage(part.number, of: file)
            page.replaceSubrange(part.range, with: part.bytes)
            pages[part.number] = page
        }
    }

    /// Puts the kept bytes over `buffer`, which was read from the file at `offset`.
    func patch(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        let end = Swift.min(offset + buffer.count, limit)
        var position = offset
        while position < end {
            let number = position / Journal.pageSize
            let pageStart = number * Journal.pageSize
            let next = Swift.min(pageStart + Journal.pageSize, end)
            if let page = pages[number] {
                UnsafeMutableRawBufferPointer(
                    rebasing: buffer[(position - offset)..<(next - offset)]
                ).copyBytes(from: page[(position - pageStart)..<(next - pageStart)])
            }
            position = next
        }
    }

    /// Makes the overlay the authority for every offset, as the file will take no more bytes.
    mutating func takeOver(from file: some FileOperations) {
        let number = limit / Journal.pageSize
        if let page = pages[number] {
            let kept = limit - number * Journal.pageSize
            pages[number] = Array(page[..<kept] + Self.anyPage(number, of: file)[kept...])
        }
        limit = .max
    }

    /// Forgets everything; offsets below `limit` are this overlay's from now on.
    mutating func clear(limit: Int) {
        pages.removeAll()
        self.limit = limit
    }

    private static var blank: [UInt8] { [UInt8](repeating: 0, count: Journal.pageSize) }

    private static func page(
        _ number: Int, of file: some FileOperations
    ) throws(SystemError) -> [UInt8] {
        var page = blank
        let result = page.withUnsafeMutableBytes { buffer in
            Result { () throws(SystemError) in
                _ = try file.readAll(into: buffer, at: number * Journal.pageSize)
            }
        }
        try result.get()
        return page
    }

    /// A page of the file, or zeros where it cannot be read.
    private static func anyPage(_ number: Int, of file: some FileOperations) -> [UInt8] {
        do throws(SystemError) {
            return try page(number, of: file)
        } catch {
            return blank
        }
    }

    /// The piece of a run of bytes that lies in one page.
    private struct Part {
        let number: Int
        /// Offsets in the page.
        let range: Range<Int>
        let bytes: Slice<UnsafeRawBufferPointer>

        static func parts(of bytes: UnsafeRawBufferPointer, at offset: Int) -> [Part] {
            var parts: [Part] = []
            var done = 0
            while done < bytes.count {
                let number = (offset + done) / Journal.pageSize
                let start = offset + done - number * Journal.pageSize
                let count = Swift.min(bytes.count - done, Journal.pageSize - start)
                parts.append(
                    Part(
                        number: number, range: start..<(start + count),
                        bytes: bytes[done..<(done + count)]))
                done += count
            }
            return parts
        }
    }
}
