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

    /// Keeps `bytes`, which must end at or before the limit.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, over file: some FileOperations
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let number = (offset + done) / Journal.pageSize
            let start = offset + done - number * Journal.pageSize
            let count = Swift.min(bytes.count - done, Journal.pageSize - start)
            let isWhole = count == Journal.pageSize
            var page: [UInt8]
            if let kept = pages.removeValue(forKey: number) {
                page = kept
            } else {
                page = isWhole ? Self.blank : try Self.page(number, of: file)
            }
            page.replaceSubrange(start..<(start + count), with: bytes[done..<(done + count)])
            pages[number] = page
            done += count
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
    mutating func takeOver(from file: some FileOperations) throws(SystemError) {
        let number = limit / Journal.pageSize
        if let page = pages[number] {
            let kept = limit - number * Journal.pageSize
            let beyond = try Self.page(number, of: file)[kept...]
            pages[number] = Array(page[..<kept]) + beyond
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
}
