// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization
import Tensors

extension HDF5Dataset {
    /// Decodes, in parallel, the chunks that hold `rows` of the outermost axis.
    ///
    /// - Parameter count: bytes of those rows.
    /// - Returns: the rows, row-major.
    func decodeChunks(
        _ index: ChunkIndex, rows: Range<Int>, _ count: Int
    ) throws(HDF5Error) -> ByteRegion {
        let pipeline = try FilterPipeline(filters, chunkByteCount: index.chunkByteCount)
        guard count > 0 else { return ByteRegion(count: 0) { _ in } }
        let chunksPerRow = index.grid.dropFirst().reduce(1, *)
        let firstRow = rows.lowerBound / index.chunk[0]
        let endRow = (rows.upperBound - 1) / index.chunk[0] + 1
        let first = index.position(ofChunk: firstRow * chunksPerRow)
        let end = index.position(ofChunk: endRow * chunksPerRow)
        let entries = index.entries[first..<end]
        let placement = ChunkPlacement(
            chunk: index.chunk, shape: shape.dimensions, rows: rows,
            elementByteCount: datatype.byteCount)
        let isComplete = entries.count == (endRow - firstRow) * chunksPerRow
        let failure = Mutex<HDF5Error?>(nil)
        let region = ByteRegion(count: count) { target in
            if !isComplete { fill(target) }
            // Sound by hand: chunks stand for different elements, so no two workers write to one
            // place, and the buffer outlives `concurrentPerform`.
            nonisolated(unsafe) let target = target
            let next = Atomic<Int>(entries.startIndex)
            let workers = min(entries.count, ChunkDecoder.mostWorkers)
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                do throws(HDF5Error) {
                    let decoder = try ChunkDecoder(pipeline, index)
                    while true {
                        let position = next.add(1, ordering: .relaxed).oldValue
                        guard position < entries.endIndex else { return }
                        let entry = entries[position]
                        let origin = index.origin(ofChunk: entry.ordinal)
                        try decoder.decode(
                            entry, origin: origin, from: file.contents.bytes, placement,
                            into: target)
                    }
                } catch {
                    // The others stop at their next chunk.
                    next.store(entries.endIndex, ordering: .relaxed)
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return region
    }
}

extension ChunkIndex {
    /// The position among the entries of the first chunk at or after an ordinal.
    func position(ofChunk ordinal: Int) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].ordinal < ordinal { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Where the elements of a chunk go in the rows that were asked for.
struct ChunkPlacement: Sendable {
    let chunk: [Int]
    let shape: [Int]
    let rows: Range<Int>
    let elementByteCount: Int
    /// Bytes of one step along each axis, in a chunk and in the result.
    private let chunkStrides: [Int]
    private let strides: [Int]

    init(chunk: [Int], shape: [Int], rows: Range<Int>, elementByteCount: Int) {
        self.chunk = chunk
        self.shape = shape
        self.rows = rows
        self.elementByteCount = elementByteCount
        chunkStrides = Self.strides(chunk, elementByteCount)
        strides = Self.strides(shape, elementByteCount)
    }

    private static func strides(_ extents: [Int], _ elementByteCount: Int) -> [Int] {
        var strides = extents
        var step = elementByteCount
        for axis in stride(from: extents.count - 1, through: 0, by: -1) {
            strides[axis] = step
            // Only the steps inside one array matter; that array fits memory.
            step = step &* extents[axis]
        }
        return strides
    }

    /// The bytes of the result that a whole chunk fills in one piece, or nil where it is split
    /// or only a part of it was asked for.
    func solidRange(origin: [Int]) -> Range<Int>? {
        for axis in 1..<max(chunk.count, 1) where chunk[axis] != shape[axis] { return nil }
        guard origin[0] >= rows.lowerBound, chunk[0] <= rows.upperBound - origin[0] else {
            return nil
        }
        let start = (origin[0] - rows.lowerBound) * strides[0]
        return start..<(start + chunk[0] * strides[0])
    }

    /// Copies the part of a chunk that lies in the rows asked for.
    func copy(
        _ source: UnsafeRawBufferPointer, origin: [Int],
        into target: UnsafeMutableRawBufferPointer
    ) {
        let rank = chunk.count
        // The part of the chunk that is wanted, in its own coordinates.
        var lower = [Int](repeating: 0, count: rank)
        var upper = chunk
        for axis in 0..<rank { upper[axis] = min(chunk[axis], shape[axis] - origin[axis]) }
        lower[0] = max(0, rows.lowerBound - origin[0])
        upper[0] = min(upper[0], rows.upperBound - origin[0])
        guard lower[0] < upper[0] else { return }
        var position = lower
        let last = rank - 1
        let runBytes = (upper[last] - lower[last]) * elementByteCount
        while true {
            var from = 0
            var to = 0
            for axis in 0..<rank {
                let base = axis == 0 ? origin[0] - rows.lowerBound : origin[axis]
                from += position[axis] * chunkStrides[axis]
                to += (base + position[axis]) * strides[axis]
            }
            UnsafeMutableRawBufferPointer(rebasing: target[to..<(to + runBytes)])
                .copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[from..<(from + runBytes)]))
            // Counts up the coordinates of all axes but the last, which is copied as one run.
            var axis = last - 1
            while axis >= 0 {
                position[axis] += 1
                if position[axis] < upper[axis] { break }
                position[axis] = lower[axis]
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
