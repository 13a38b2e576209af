// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Writes a compressed table row by row: logits and adversarial sets as they are made.
///
/// Rows are gathered into chunks; when enough chunks are full they are compressed in parallel,
/// outside libhdf5, and handed to it ready-made. At most two chunks per core are in memory.
/// A writer of a table is used by one thread at a time.
public final class TableWriter {
    public let path: String
    public let elementType: ElementType
    /// (rows, ...) of the finished table.
    public let shape: Shape
    public let rowsPerChunk: Int
    /// Rows appended so far.
    public private(set) var rowCount = 0

    let writer: HDF5Writer
    private let rowByteCount: Int
    private(set) var encoders: [ChunkEncoder] = []
    /// Rows that are not written yet: `pendingCount` bytes, the first of a chunk in front.
    private let pending: UnsafeMutableRawBufferPointer
    private var pendingCount = 0
    var chunksWritten = 0
    private var isFinished = false

    /// Bytes that a chunk aims at: large enough to compress well, small enough to read a few rows.
    static let chunkByteGoal = 512 << 10

    fileprivate init(
        _ writer: HDF5Writer, _ elementType: ElementType, _ shape: Shape, _ path: String,
        rowsPerChunk: Int?
    ) throws(HDF5Error) {
        guard shape.rank > 0 else {
            throw HDF5Error(
                .mismatch, file: writer.path, object: path, "a table has rows, a scalar has none")
        }
        let byteCount: Int
        do throws(TensorError) {
            byteCount = try shape.byteCount(of: elementType)
        } catch {
            throw HDF5Error(.limit, file: writer.path, object: path, error.description)
        }
        let rowBytes = byteCount / max(shape[0], 1)
        guard rowBytes <= 256 << 20 else {
            throw HDF5Error(
                .limit, file: writer.path, object: path,
                "a row of \(rowBytes) bytes is too large for a chunk")
        }
        let goal = max(rowsPerChunk ?? Self.chunkByteGoal / max(rowBytes, 1), 1)
        self.rowsPerChunk = max(min(goal, shape[0], (256 << 20) / max(rowBytes, 1)), 1)
        self.writer = writer
        self.path = path
        self.elementType = elementType
        self.shape = shape
        rowByteCount = rowBytes
        let workers = ChunkDecoder.mostWorkers
        let chunkBytes = self.rowsPerChunk * rowBytes
        let chunkCount = byteCount == 0 ? 0 : (byteCount + chunkBytes - 1) / chunkBytes
        pending = .allocate(
            byteCount: max(chunkBytes * min(chunkCount, 2 * workers), 1), alignment: 64)
        for _ in 0..<min(workers, chunkCount) {
            encoders.append(try ChunkEncoder(chunkByteCount: chunkBytes))
        }
        try create()
    }

    deinit { pending.deallocate() }

    var chunkByteCount: Int { rowsPerChunk * rowByteCount }

    /// Appends rows, (n, ...) of the table's element type.
    ///
    /// - Throws: ``HDF5Error``: `mismatch` for rows that do not fit the table.
    public func append(_ rows: Tensor) throws(HDF5Error) {
        guard rows.elementType == elementType, rows.shape.rank == shape.rank,
            rows.shape.dimensions.dropFirst() == shape.dimensions.dropFirst()
        else {
            throw HDF5Error(
                .mismatch, file: writer.path, object: path,
                "\(rows) are no rows of a table \(elementType) \(shape)")
        }
        guard !isFinished, rows.shape[0] <= shape[0] - rowCount else {
            throw HDF5Error(
                .mismatch, file: writer.path, object: path,
                "\(rows.shape[0]) rows after \(rowCount) are more than the table's \(shape[0])")
        }
        rowCount += rows.shape[0]
        let result = rows.withUnsafeBytes { bytes in
            Result { () throws(HDF5Error) in try take(bytes) }
        }
        try result.get()
    }

    /// Writes what is left. The table is complete then, and becomes durable with the next commit.
    ///
    /// - Throws: ``HDF5Error``: `mismatch` when rows are missing.
    public func finish() throws(HDF5Error) {
        guard rowCount == shape[0] else {
            throw HDF5Error(
                .mismatch, file: writer.path, object: path,
                "\(rowCount) of the table's \(shape[0]) rows were written")
        }
        guard !isFinished else { return }
        isFinished = true
        if pendingCount > 0 {
            // The last chunk is stored whole; nobody sees what lies beyond the last row.
            let full = (pendingCount + chunkByteCount - 1) / chunkByteCount * chunkByteCount
            UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount..<full])
                .initializeMemory(as: UInt8.self, repeating: 0)
            try flush(UnsafeRawBufferPointer(pending)[..<full])
        }
        try writer.perform(object: path) { session throws(HDF5Error) in
            session.unfinishedTables.remove(try ObjectPath(path).text)
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws(HDF5Error) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Whole chunks that lie in the caller's memory need no copy.
            let direct = rest.count / chunkByteCount * chunkByteCount
            if pendingCount == 0, direct >= pending.count {
                try flush(rest.prefix(direct))
                rest = rest.dropFirst(direct)
                continue
            }
            let count = min(rest.count, pending.count - pendingCount)
            UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            pendingCount += count
            rest = rest.dropFirst(count)
            if pendingCount == pending.count {
                pendingCount = 0
                try flush(UnsafeRawBufferPointer(pending)[...])
            }
        }
    }
}

extension HDF5Writer {
    /// Starts a compressed table of `shape`, (rows, ...), whose rows are then appended.
    ///
    /// Stored in chunks of rows with shuffle, deflate and fletcher32. Until ``TableWriter/finish()``
    /// a commit is refused.
    ///
    /// - Parameter rowsPerChunk: by default as many rows as make about 512 KiB.
    /// - Throws: ``HDF5Error``: `exists` when the path is taken, `mismatch` for a scalar.
    public func table(
        _ elementType: ElementType, shape: Shape, at path: String, rowsPerChunk: Int? = nil
    ) throws(HDF5Error) -> TableWriter {
        try TableWriter(self, elementType, shape, path, rowsPerChunk: rowsPerChunk)
    }

    /// Writes a tensor as a compressed table of its rows; see ``table(_:shape:at:rowsPerChunk:)``.
    public func writeTable(
        _ tensor: Tensor, at path: String, rowsPerChunk: Int? = nil
    ) throws(HDF5Error) {
        let table = try table(
            tensor.elementType, shape: tensor.shape, at: path, rowsPerChunk: rowsPerChunk)
        try table.append(tensor)
        try table.finish()
    }
}
