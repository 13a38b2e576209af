// SPDX-License-Identifier: Apache-2.0

/// A heap of links or attributes (format specification, section III.G), with all its blocks
/// found and checked when it is opened.
struct FractalHeap {
    private let header: Header
    /// The blocks that hold objects, by their place in the heap's own address space.
    private var blocks: [Block] = []
    /// Objects too large for blocks, by identifier.
    private var huge: [Int: (address: Int, count: Int)] = [:]
    private let reader: MetadataReader

    private struct Block {
        var offset: Int
        var bytes: UnsafeRawBufferPointer
    }

    /// A direct or an indirect block that has not been read yet.
    private struct Pending {
        var address: Int
        var offset: Int
        /// Bytes of a direct block, or nil for an indirect one.
        var byteCount: Int?
        var rows: Int
    }

    init(at address: Int, _ reader: MetadataReader) throws(HDF5Error) {
        self.reader = reader
        header = try Header(at: address, reader)
        if let root = header.rootAddress { try readBlocks(from: root, at: address) }
        if let tree = header.hugeTreeAddress { try readHuge(tree) }
        if let freeSpace = header.freeSpaceAddress {
            do throws(HDF5Error) {
                try FreeSpaceManager.check(at: freeSpace, heap: header, reader)
            } catch {
                // Only a writer would use it.
                reader.note(foreign: error.reason)
            }
        }
    }

    /// The object that an identifier stands for.
    ///
    /// - Throws: ``HDF5Error`` when it stands for nothing.
    func object(_ identifier: UnsafeRawBufferPointer) throws(HDF5Error) -> UnsafeRawBufferPointer {
        guard identifier.count == header.identifierByteCount else {
            throw .damaged(
                "heap identifiers have \(identifier.count) bytes, the heap expects"
                    + " \(header.identifierByteCount)")
        }
        var cursor = ByteCursor(identifier)
        let flags = try cursor.u8()
        guard flags >> 6 == 0 else { throw .unsupported("heap identifier version \(flags >> 6)") }
        switch flags >> 4 & 3 {
        case 0:
            let offset = try cursor.unsigned(byteCount: header.offsetByteCount)
            let count = try cursor.unsigned(byteCount: header.lengthByteCount)
            return try managed(at: offset, count: count)
        case 1:
            let width = min(header.identifierByteCount - 1, 8)
            guard header.identifierByteCount <= 16 else {
                throw .unsupported("a heap with direct identifiers of huge objects is not read")
            }
            let key = try cursor.unsigned(byteCount: width)
            guard let object = huge[key] else { throw .damaged("the heap has no object \(key)") }
            return try reader.peek(at: object.address, count: object.count, "heap object")
        case 2:
            guard header.identifierByteCount <= 17 else {
                throw .unsupported("a heap with long tiny objects is not read")
            }
            return try cursor.take((flags & 15) + 1)
        default: throw .damaged("a heap identifier of an unknown kind")
        }
    }

    private func managed(at offset: Int, count: Int) throws(HDF5Error) -> UnsafeRawBufferPointer {
        // The last block that begins at or before the offset.
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].offset <= offset { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { throw .damaged("a heap has no block at \(offset)") }
        let block = blocks[low - 1]
        let start = offset - block.offset
        guard start >= header.directPrefixByteCount, start <= block.bytes.count,
            count <= block.bytes.count - start
        else { throw .damaged("a heap object at \(offset) (\(count) bytes) lies in no block") }
        return UnsafeRawBufferPointer(rebasing: block.bytes[start..<(start + count)])
    }

    private mutating func readBlocks(
        from root: Int, at headerAddress: Int
    ) throws(HDF5Error) {
        var pending = [
            header.rootRows == 0
                ? Pending(
                    address: root, offset: 0, byteCount: header.startingBlockByteCount, rows: 0)
                : Pending(address: root, offset: 0, byteCount: nil, rows: header.rootRows)
        ]
        while let next = pending.popLast() {
            if let byteCount = next.byteCount {
                try readDirect(next, byteCount, headerAddress)
            } else {
                try readIndirect(next, headerAddress, &pending)
            }
        }
        blocks.sort { $0.offset < $1.offset }
    }

    private func expectHead(
        _ cursor: inout ByteCursor, _ signature: StaticString, _ next: Pending,
        _ headerAddress: Int
    ) throws(HDF5Error) {
        try cursor.expect(signature: signature, "heap block")
        let version = try cursor.u8()
        guard version == 0 else { throw .unsupported("heap block version \(version)") }
        guard try cursor.address() == headerAddress else {
            throw .damaged("a heap block belongs to another heap")
        }
        guard try cursor.unsigned(byteCount: header.offsetByteCount) == next.offset else {
            throw .damaged("a heap block says that it stands elsewhere in its heap")
        }
    }

    private mutating func readDirect(
        _ next: Pending, _ byteCount: Int, _ headerAddress: Int
    ) throws(HDF5Error) {
        var cursor = try reader.block(
            at: next.address, count: byteCount, "heap block",
            checksumOffset: header.hasBlockChecksums ? header.directPrefixByteCount - 4 : nil)
        let bytes = try reader.peek(at: next.address, count: byteCount, "heap block")
        try expectHead(&cursor, "FHDB", next, headerAddress)
        if header.hasBlockChecksums {
            // The sum is taken over the whole block with zeros in the place of the sum.
            let place = cursor.position
            let stored = try cursor.checksum()
            var copy = [UInt8](bytes)
            for index in place..<(place + 4) { copy[index] = 0 }
            guard copy.withUnsafeBytes({ isChecksum(stored, of: $0) }) else {
                throw .damaged(
                    "the checksum of the heap block at \(next.address) does not match its bytes")
            }
        }
        blocks.append(Block(offset: next.offset, bytes: bytes))
    }

    private func readIndirect(
        _ next: Pending, _ headerAddress: Int, _ pending: inout [Pending]
    ) throws(HDF5Error) {
        let directRows = min(next.rows, header.mostDirectRows)
        let entries = next.rows * header.width
        let count = 13 + header.offsetByteCount + entries * 8 + 4
        var cursor = try reader.checkedBlock(at: next.address, count: count, "heap block")
        try expectHead(&cursor, "FHIB", next, headerAddress)
        var offset = next.offset
        for row in 0..<next.rows {
            let rowBytes = try header.blockByteCount(inRow: row)
            for _ in 0..<header.width {
                if let child = try cursor.address() {
                    let isDirect = row < directRows
                    let rows = isDirect ? 0 : header.rows(inIndirectBlockOf: rowBytes)
                    guard isDirect || (1..<next.rows).contains(rows) else {
                        throw .damaged("a heap has an impossible table of blocks")
                    }
                    pending.append(
                        Pending(
                            address: child, offset: offset, byteCount: isDirect ? rowBytes : nil,
                            rows: rows))
                }
                let (sum, overflow) = offset.addingReportingOverflow(rowBytes)
                guard !overflow else { throw .damaged("a heap is larger than 64 bits allow") }
                offset = sum
            }
        }
    }

    /// Objects in the version 2 B-tree of huge objects: address, length, identifier.
    private mutating func readHuge(_ address: Int) throws(HDF5Error) {
        let tree = try BTree2(at: address, kind: 1, recordByteCount: 24, reader)
        for record in tree.records {
            var fields = ByteCursor(record)
            let place = try fields.definedAddress("heap object")
            let count = try fields.length()
            _ = try reader.block(at: place, count: count, "heap object")
            huge[try fields.length()] = (place, count)
        }
    }
}
