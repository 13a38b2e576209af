// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where each chunk of a dataset is stored.
struct ChunkIndex: Sendable {
    struct Entry {
        /// The chunk's place in row-major order of the grid of chunks.
        var ordinal: Int
        var address: Int
        /// Bytes the chunk takes in the file.
        var storedByteCount: Int
        /// Bit i says that filter i was not applied.
        var filterMask: UInt32
    }

    enum Kind: Sendable { case btree1, single, implicit, fixedArray, extensibleArray, btree2 }

    let kind: Kind
    /// The extents of a chunk, in elements.
    let chunk: [Int]
    /// How many chunks there are along each axis.
    let grid: [Int]
    /// Bytes of one chunk, unfiltered.
    let chunkByteCount: Int
    let leavesEdgesUnfiltered: Bool
    /// The chunks that were written, in order.
    var entries: [Entry] = []
    var storedByteCount = 0

    init(
        _ layout: LayoutMessage.ChunkedLayout, shape: Shape, elementByteCount: Int
    ) throws(HDF5Error) {
        guard layout.chunk.count == shape.rank else {
            throw .damaged(
                "chunks of rank \(layout.chunk.count) cannot hold a dataset of rank \(shape.rank)")
        }
        guard layout.elementByteCount == elementByteCount else {
            throw .damaged(
                "chunks hold elements of \(layout.elementByteCount) bytes, the datatype has"
                    + " \(elementByteCount)")
        }
        kind = layout.index.kind
        chunk = layout.chunk
        leavesEdgesUnfiltered = layout.leavesEdgesUnfiltered
        var bytes = elementByteCount
        var count = 1
        var grid: [Int] = []
        for (extent, part) in zip(shape.dimensions, layout.chunk) {
            grid.append(extent == 0 ? 0 : (extent - 1) / part + 1)
            let (product, overflow) = bytes.multipliedReportingOverflow(by: part)
            let (total, tooMany) = count.multipliedReportingOverflow(by: max(grid.last ?? 0, 1))
            guard !overflow, product <= Int(UInt32.max), !tooMany else {
                throw .damaged("chunks of \(layout.chunk) elements are impossible")
            }
            bytes = product
            count = total
        }
        self.grid = grid
        chunkByteCount = bytes
    }

    /// The place of the chunk whose first element is at `origin`, or nil where there is none.
    func ordinal(ofChunkAt origin: [Int]) -> Int? {
        var ordinal = 0
        for axis in 0..<chunk.count {
            let (quotient, remainder) = origin[axis].quotientAndRemainder(dividingBy: chunk[axis])
            guard remainder == 0, quotient < grid[axis] else { return nil }
            ordinal = ordinal * grid[axis] + quotient
        }
        return ordinal
    }

    /// The first element of a chunk.
    func origin(ofChunk ordinal: Int) -> [Int] {
        var origin = chunk
        var rest = ordinal
        for axis in stride(from: chunk.count - 1, through: 0, by: -1) {
            origin[axis] = rest % grid[axis] * chunk[axis]
            rest /= grid[axis]
        }
        return origin
    }

    /// Reads the chunks that an index at `address` lists.
    mutating func read(
        _ kind: LayoutMessage.Index, at address: Int, largest: [Int?], isFiltered: Bool,
        _ superblock: Superblock, _ reader: MetadataReader
    ) throws(HDF5Error) {
        switch kind {
        case .btree1: try readBTree1(at: address, chunkK: superblock.chunkK, reader)
        case .btree2: try readBTree2(at: address, isFiltered: isFiltered, reader)
        case .single(let storedByteCount, let filterMask):
            guard grid.allSatisfy({ $0 == 1 }) else {
                throw .damaged("a single chunk cannot hold a dataset of \(grid) chunks")
            }
            entries = [
                Entry(
                    ordinal: 0, address: address,
                    storedByteCount: storedByteCount ?? chunkByteCount,
                    filterMask: UInt32(truncatingIfNeeded: filterMask))
            ]
        case .implicit:
            let numbering = try Numbering(self, largest: largest)
            try readImplicit(at: address, numbering, largest: largest, reader)
        case .fixedArray:
            try readFixedArray(at: address, try Numbering(self, largest: largest), reader)
        case .extensibleArray:
            let array = try ExtensibleArray(
                at: address, try Numbering(self, largest: largest), reader)
            try array.read(into: &self)
        }
    }

    /// Sorts the entries found and checks them against the file and each other.
    mutating func finish(isFiltered: Bool, endOfFile: Int) throws(HDF5Error) {
        entries.sort { $0.ordinal < $1.ordinal }
        for (index, entry) in entries.enumerated() {
            guard entry.storedByteCount <= endOfFile,
                entry.address <= endOfFile - entry.storedByteCount
            else {
                throw .damaged(
                    "a chunk at \(entry.address) (\(entry.storedByteCount) bytes) lies outside"
                        + " the file, which ends at \(endOfFile)")
            }
            guard index == 0 || entries[index - 1].ordinal < entry.ordinal else {
                throw .damaged("two chunks stand for the same elements")
            }
            guard isFiltered || entry.storedByteCount == chunkByteCount else {
                throw .damaged(
                    "an unfiltered chunk has \(entry.storedByteCount) bytes instead of"
                        + " \(chunkByteCount)")
            }
            storedByteCount += entry.storedByteCount
            guard storedByteCount <= endOfFile else {
                throw .damaged("chunks overlap: together they are larger than the file")
            }
        }
    }
}
