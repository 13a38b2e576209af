// SPDX-License-Identifier: Apache-2.0

/// An array of chunks that grows along one axis: blocks that double in number and size by turns
/// (format specification, section VII.D).
struct ExtensibleArray {
    private let address: Int
    private let form: ChunkIndex.ElementForm
    private let offsetByteCount: Int
    private let inIndexBlock: Int
    private let smallestBlock: Int
    private let pageCount: Int
    /// Super blocks whose data blocks the index block lists itself, and those it points to.
    private let listedSuperBlocks: Int
    private let superBlocks: Int
    private let listedBlocks: Int
    private let indexBlockAddress: Int?
    private let reader: MetadataReader
    private let numbering: ChunkIndex.Numbering

    init(
        at address: Int, _ numbering: ChunkIndex.Numbering, _ reader: MetadataReader
    ) throws(HDF5Error) {
        self.address = address
        self.reader = reader
        self.numbering = numbering
        var header = try reader.checkedBlock(at: address, count: 72, "extensible array")
        try header.expect(signature: "EAHD", "extensible array")
        guard try header.u8() == 0 else { throw .unsupported("a newer extensible array") }
        let kind = try header.u8()
        form = try ChunkIndex.ElementForm(kind: kind, byteCount: try header.u8())
        let countBits = try header.u8()
        inIndexBlock = try header.u8()
        smallestBlock = try header.u8()
        let smallestPointers = try header.u8()
        let pageBits = try header.u8()
        try header.skip(48)
        indexBlockAddress = try header.address()
        guard (1...62).contains(countBits), smallestBlock > 0, smallestPointers > 1,
            smallestBlock & (smallestBlock - 1) == 0,
            smallestPointers & (smallestPointers - 1) == 0, pageBits < 32,
            countBits > smallestBlock.trailingZeroBitCount
        else { throw .damaged("an extensible array has an impossible table of blocks") }
        offsetByteCount = (countBits + 7) / 8
        pageCount = 1 << pageBits
        superBlocks = 1 + countBits - smallestBlock.trailingZeroBitCount
        listedSuperBlocks = min(2 * smallestPointers.trailingZeroBitCount, superBlocks)
        listedBlocks = 2 * (smallestPointers - 1)
    }

    /// Data blocks of a super block, and entries in each of them.
    private func size(ofSuperBlock index: Int) -> (blocks: Int, entries: Int) {
        (1 << (index / 2), smallestBlock << ((index + 1) / 2))
    }

    /// Reads all entries into a chunk index.
    func read(into index: inout ChunkIndex) throws(HDF5Error) {
        guard let indexBlockAddress else { return }
        let pointed = superBlocks - listedSuperBlocks
        let count = 14 + inIndexBlock * form.byteCount + (listedBlocks + pointed) * 8 + 4
        var block = try reader.checkedBlock(
            at: indexBlockAddress, count: count, "extensible array index block")
        try expectHead(&block, "EAIB")
        try index.readElements(&block, count: inIndexBlock, first: 0, form, numbering)
        var first = inIndexBlock
        var left = listedBlocks
        for superBlock in 0..<listedSuperBlocks {
            let size = size(ofSuperBlock: superBlock)
            for _ in 0..<min(size.blocks, left) {
                if let place = try block.address() {
                    try readDataBlock(
                        at: place, count: size.entries, first: first, written: nil, &index)
                }
                first += size.entries
                left -= 1
            }
        }
        for superBlock in listedSuperBlocks..<superBlocks {
            let size = size(ofSuperBlock: superBlock)
            if let place = try block.address() {
                try readSuperBlock(at: place, size, first: first, &index)
            }
            let (entries, overflow) = size.blocks.multipliedReportingOverflow(by: size.entries)
            guard !overflow, first <= Int.max - entries else { break }
            first += entries
        }
    }

    private func expectHead(
        _ block: inout ByteCursor, _ signature: StaticString
    ) throws(HDF5Error) {
        try block.expect(signature: signature, "block of an extensible array")
        try block.skip(2)
        guard try block.address() == address else {
            throw .damaged("a block belongs to another extensible array")
        }
    }

    private func readSuperBlock(
        at place: Int, _ size: (blocks: Int, entries: Int), first: Int, _ index: inout ChunkIndex
    ) throws(HDF5Error) {
        let pages = size.entries > pageCount ? size.entries / pageCount : 0
        let bitmapByteCount = (pages + 7) / 8
        guard size.blocks <= reader.endOfFile, bitmapByteCount <= reader.endOfFile else {
            throw .damaged("an extensible array is larger than the file")
        }
        let count = 14 + offsetByteCount + size.blocks * (bitmapByteCount + 8) + 4
        var block = try reader.checkedBlock(
            at: place, count: count, "extensible array super block")
        try expectHead(&block, "EASB")
        try block.skip(offsetByteCount)
        var bitmaps: [UnsafeRawBufferPointer] = []
        for _ in 0..<size.blocks { bitmaps.append(try block.take(bitmapByteCount)) }
        for number in 0..<size.blocks {
            guard let place = try block.address() else { continue }
            try readDataBlock(
                at: place, count: size.entries, first: first + number * size.entries,
                written: bitmaps[number], &index)
        }
    }

    private func readDataBlock(
        at place: Int, count: Int, first: Int, written: UnsafeRawBufferPointer?,
        _ index: inout ChunkIndex
    ) throws(HDF5Error) {
        guard count <= reader.endOfFile else {
            throw .damaged("an extensible array is larger than the file")
        }
        let isPaged = count > pageCount
        let head = 14 + offsetByteCount + (isPaged ? 0 : count * form.byteCount) + 4
        var block = try reader.checkedBlock(
            at: place, count: head, "extensible array data block")
        try expectHead(&block, "EADB")
        try block.skip(offsetByteCount)
        guard isPaged else {
            return try index.readElements(&block, count: count, first: first, form, numbering)
        }
        try index.readPages(
            at: place + head, pages: count / pageCount, pageCount: pageCount, count: count,
            first: first,
            written: { page in
                // Data blocks in the index block are never paged by a sane writer.
                guard let written, page / 8 < written.count else { return true }
                return written[page / 8] & 0x80 >> UInt8(page % 8) != 0
            }, form, numbering, reader)
    }
}
