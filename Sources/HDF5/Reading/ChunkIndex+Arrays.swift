// SPDX-License-Identifier: Apache-2.0

extension ChunkIndex {
    /// How the newer indexes number chunks: along the grid of the largest extents the dataset
    /// may have, with the axis that has no limit, if there is one, slowest.
    struct Numbering {
        /// Axes, slowest first, and how many chunks one step along each passes over.
        private let steps: [(axis: Int, step: Int)]
        private let grid: [Int]

        init(_ index: ChunkIndex, largest: [Int?]) throws(HDF5Error) {
            grid = index.grid
            var axes = Array(0..<grid.count)
            if let unlimited = largest.firstIndex(where: { $0 == nil }) {
                axes.remove(at: unlimited)
                axes.insert(unlimited, at: 0)
            }
            var steps: [(axis: Int, step: Int)] = []
            var step = 1
            for axis in axes.reversed() {
                steps.insert((axis, step), at: 0)
                guard let extent = largest[axis] else { continue }
                let count = extent == 0 ? 1 : (extent - 1) / index.chunk[axis] + 1
                let (product, overflow) = step.multipliedReportingOverflow(by: count)
                guard !overflow else { throw .damaged("a dataset may have too many chunks") }
                step = product
            }
            self.steps = steps
        }

        /// The row-major place, in the grid of the present extents, of the chunk with a number,
        /// or nil where it lies outside of them.
        func ordinal(ofNumber number: Int) -> Int? {
            var origin = grid
            var rest = number
            for (axis, step) in steps {
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: step)
                guard quotient < grid[axis] else { return nil }
                origin[axis] = quotient
                rest = remainder
            }
            var ordinal = 0
            for axis in 0..<grid.count { ordinal = ordinal * grid[axis] + origin[axis] }
            return ordinal
        }
    }

    /// The form of an entry in an array of chunks: an address, and for filtered chunks a size and
    /// the filters left out.
    struct ElementForm {
        let byteCount: Int
        let isFiltered: Bool

        init(kind: Int, byteCount: Int) throws(HDF5Error) {
            guard kind == 0 && byteCount == 8 || kind == 1 && (13...20).contains(byteCount) else {
                throw .damaged("an array of chunks has entries of \(byteCount) bytes")
            }
            self.byteCount = byteCount
            isFiltered = kind == 1
        }
    }

    /// Reads `count` entries, the first of which has number `first`.
    mutating func readElements(
        _ block: inout ByteCursor, count: Int, first: Int, _ form: ElementForm,
        _ numbering: Numbering
    ) throws(HDF5Error) {
        for number in first..<(first + count) {
            let address = try block.address()
            let size =
                form.isFiltered
                ? try block.unsigned(byteCount: form.byteCount - 12) : chunkByteCount
            let mask = form.isFiltered ? UInt32(truncatingIfNeeded: try block.u32()) : 0
            guard let address, let ordinal = numbering.ordinal(ofNumber: number) else { continue }
            entries.append(
                Entry(ordinal: ordinal, address: address, storedByteCount: size, filterMask: mask))
        }
    }

    /// Reads a fixed array (format specification, section VII.C).
    mutating func readFixedArray(
        at address: Int, _ numbering: Numbering, _ reader: MetadataReader
    ) throws(HDF5Error) {
        var header = try reader.checkedBlock(at: address, count: 28, "fixed array")
        try header.expect(signature: "FAHD", "fixed array")
        guard try header.u8() == 0 else { throw .unsupported("a newer fixed array") }
        let kind = try header.u8()
        let form = try ElementForm(kind: kind, byteCount: try header.u8())
        let pageBits = try header.u8()
        let count = try header.length()
        guard let blockAddress = try header.address() else { return }
        guard pageBits < 32, count <= reader.endOfFile else {
            throw .damaged("a fixed array of \(count) chunks is larger than the file")
        }
        let pageCount = 1 << pageBits
        let isPaged = count > pageCount
        let pages = isPaged ? (count - 1) / pageCount + 1 : 0
        let head = 14 + (pages + 7) / 8 + (isPaged ? 0 : count * form.byteCount) + 4
        var block = try reader.checkedBlock(at: blockAddress, count: head, "fixed array block")
        try block.expect(signature: "FADB", "fixed array block")
        try block.skip(2)
        guard try block.address() == address else {
            throw .damaged("a fixed array block belongs to another array")
        }
        guard isPaged else {
            return try readElements(&block, count: count, first: 0, form, numbering)
        }
        let bitmap = try block.take((pages + 7) / 8)
        try readPages(
            at: blockAddress + head, pages: pages, pageCount: pageCount, count: count, first: 0,
            written: { bitmap[$0 / 8] & 0x80 >> UInt8($0 % 8) != 0 }, form, numbering, reader)
    }

    /// Reads the pages of a large block of entries, each with a checksum of its own.
    mutating func readPages(
        at start: Int, pages: Int, pageCount: Int, count: Int, first: Int,
        written: (Int) -> Bool, _ form: ElementForm, _ numbering: Numbering,
        _ reader: MetadataReader
    ) throws(HDF5Error) {
        var address = start
        for page in 0..<pages {
            let here = min(pageCount, count - page * pageCount)
            let byteCount = here * form.byteCount + 4
            if written(page) {
                var block = try reader.checkedBlock(
                    at: address, count: byteCount, "page of an array of chunks")
                try readElements(
                    &block, count: here, first: first + page * pageCount, form, numbering)
            } else {
                _ = try reader.block(at: address, count: byteCount, "page of an array of chunks")
            }
            address += byteCount
        }
    }

    /// Reads a version 2 B-tree of chunks (format specification, section III.A.2, types 10, 11).
    mutating func readBTree2(
        at address: Int, isFiltered: Bool, _ reader: MetadataReader
    ) throws(HDF5Error) {
        let tree = try BTree2(
            at: address, kind: isFiltered ? 11 : 10, recordByteCount: nil, reader)
        let rank = chunk.count
        for record in tree.records {
            var fields = ByteCursor(record)
            let place = try fields.definedAddress("chunk")
            let size =
                isFiltered
                ? try fields.unsigned(byteCount: record.count - 12 - 8 * rank) : chunkByteCount
            let mask = isFiltered ? UInt32(truncatingIfNeeded: try fields.u32()) : 0
            var ordinal = 0
            for axis in 0..<rank {
                let coordinate = try fields.length()
                guard coordinate < grid[axis] else {
                    throw .damaged("a chunk is not part of the dataset")
                }
                ordinal = ordinal * grid[axis] + coordinate
            }
            entries.append(
                Entry(ordinal: ordinal, address: place, storedByteCount: size, filterMask: mask))
        }
    }

    /// Lists the chunks that lie one after another from an address on, with no index at all.
    mutating func readImplicit(
        at address: Int, _ numbering: Numbering, largest: [Int?], _ reader: MetadataReader
    ) throws(HDF5Error) {
        var count = 1
        for axis in 0..<chunk.count {
            guard let extent = largest[axis] else {
                throw .damaged("chunks without an index cannot have an axis without limit")
            }
            let (product, overflow) = count.multipliedReportingOverflow(
                by: extent == 0 ? 0 : (extent - 1) / chunk[axis] + 1)
            guard !overflow else { throw .damaged("a dataset may have too many chunks") }
            count = product
        }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: chunkByteCount)
        guard !overflow else { throw .damaged("a dataset may have too many chunks") }
        _ = try reader.peek(at: address, count: byteCount, "data")
        for number in 0..<count {
            guard let ordinal = numbering.ordinal(ofNumber: number) else { continue }
            entries.append(
                Entry(
                    ordinal: ordinal, address: address + number * chunkByteCount,
                    storedByteCount: chunkByteCount, filterMask: 0))
        }
    }
}
