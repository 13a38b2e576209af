// SPDX-License-Identifier: Apache-2.0

extension FractalHeap {
    /// The first block of a heap, which says how its blocks grow.
    struct Header {
        let identifierByteCount: Int
        let hasBlockChecksums: Bool
        let hugeTreeAddress: Int?
        let freeSpaceAddress: Int?
        /// Blocks in a row.
        let width: Int
        let startingBlockByteCount: Int
        let largestDirectByteCount: Int
        let offsetByteCount: Int
        let lengthByteCount: Int
        let rootAddress: Int?
        /// Rows of the root indirect block; 0 where the root is a direct block.
        let rootRows: Int

        init(at address: Int, _ reader: MetadataReader) throws(HDF5Error) {
            let start = try reader.peek(at: address, count: 9, "heap header")
            // Heaps with filters have a longer header; they are refused before it is read.
            guard start[7] == 0, start[8] == 0 else {
                throw .unsupported("a heap with filters is not read")
            }
            var header = try reader.checkedBlock(at: address, count: 146, "heap header")
            try header.expect(signature: "FRHP", "heap header")
            let version = try header.u8()
            guard version == 0 else { throw .unsupported("heap version \(version) is not known") }
            identifierByteCount = try header.u16()
            try header.skip(2)
            hasBlockChecksums = try header.u8() & 2 != 0
            let largestManaged = try header.u32()
            try header.skip(8)
            hugeTreeAddress = try header.address()
            try header.skip(8)
            freeSpaceAddress = try header.address()
            // Amounts of space and counts of objects: statistics that nothing rests on.
            try header.skip(64)
            width = try header.u16()
            startingBlockByteCount = try header.length()
            largestDirectByteCount = try header.length()
            let heapBits = try header.u16()
            try header.skip(2)
            rootAddress = try header.address()
            rootRows = try header.u16()

            guard width > 0, width & (width - 1) == 0, heapBits > 0, heapBits <= 64,
                startingBlockByteCount > 0,
                startingBlockByteCount & (startingBlockByteCount - 1) == 0,
                largestDirectByteCount >= startingBlockByteCount,
                largestDirectByteCount & (largestDirectByteCount - 1) == 0,
                largestDirectByteCount <= 1 << 32
            else { throw .damaged("a heap has an impossible table of blocks") }
            offsetByteCount = (heapBits + 7) / 8
            lengthByteCount = min(
                (largestDirectByteCount.trailingZeroBitCount + 7) / 8,
                bytesNeeded(for: largestManaged))
            guard rootRows <= 64 else { throw .damaged("a heap has \(rootRows) rows of blocks") }
        }

        var directPrefixByteCount: Int { 13 + offsetByteCount + (hasBlockChecksums ? 4 : 0) }

        /// How many rows hold direct blocks before rows of indirect blocks begin.
        var mostDirectRows: Int {
            largestDirectByteCount.trailingZeroBitCount
                - startingBlockByteCount.trailingZeroBitCount + 2
        }

        /// The size of each block in a row: it doubles from the second row on.
        func blockByteCount(inRow row: Int) throws(HDF5Error) -> Int {
            let shift = max(row - 1, 0)
            guard startingBlockByteCount.leadingZeroBitCount > shift + 1 else {
                throw .damaged("a heap is larger than 64 bits allow")
            }
            return startingBlockByteCount << shift
        }

        /// Rows of an indirect block that stands for `byteCount` bytes of the heap.
        func rows(inIndirectBlockOf byteCount: Int) -> Int {
            byteCount.trailingZeroBitCount
                - (startingBlockByteCount.trailingZeroBitCount + width.trailingZeroBitCount) + 1
        }
    }
}
