// SPDX-License-Identifier: Apache-2.0

/// Hands out the metadata blocks of a file while it is being opened, and keeps the books.
///
/// A sound file uses no byte twice, so the blocks of a whole walk together cannot be larger than
/// the file, nor can what they say be copied out more than once. Holding every file to that
/// makes the time and memory of a walk linear in the file's size, whatever cycles, shared blocks
/// or repeated references a hostile file contains.
final class MetadataReader {
    let bytes: UnsafeRawBufferPointer
    /// Where the file's contents end; blocks may not reach past it.
    let endOfFile: Int
    private(set) var extents: [Extent] = []
    private(set) var metadataByteCount = 0
    private var copiedByteCount = 0
    var globalHeap: GlobalHeap
    private(set) var committedDatatypes: [Int: HDF5Datatype] = [:]
    /// Headers of committed datatypes, which are read when a dataset first needs them and are
    /// objects of their own as well.
    private var committedHeaders: [Int: ObjectHeader] = [:]
    /// The first thing met that Retort does not write: reading goes on, writing does not.
    var foreignFeature: HDF5Error?

    /// What is wrong where it does not keep anybody from reading; see
    /// ``HDF5File/contradictions``. Not looked for once a foreign feature was met.
    var flaws: [HDF5Error] = []

    /// Runs a check that must not keep anybody from reading.
    func note(_ check: () throws(HDF5Error) -> Void) {
        guard foreignFeature == nil, flaws.count < 100 else { return }
        do throws(HDF5Error) { try check() } catch { flaws.append(error) }
    }

    func note(foreign feature: @autoclosure () -> String) {
        if foreignFeature == nil { foreignFeature = .unsupported(feature()) }
    }

    /// Bytes of the file that a structure takes.
    struct Extent {
        let address: Int
        var count: Int
        /// Where in it its checksum is, if it has one.
        var checksumOffset: Int?
        var end: Int { address + count }

        func contains(_ position: Int) -> Bool { address <= position && position < end }
    }

    init(bytes: UnsafeRawBufferPointer, endOfFile: Int) {
        self.bytes = bytes
        self.endOfFile = min(endOfFile, bytes.count)
        globalHeap = GlobalHeap(bytes: bytes, endOfFile: self.endOfFile)
    }

    /// The `count` bytes of a structure at `address`.
    func block(
        at address: Int, count: Int, _ what: StaticString, checksumOffset: Int? = nil
    ) throws(HDF5Error) -> ByteCursor {
        let block = try peek(at: address, count: count, what)
        metadataByteCount += count
        guard metadataByteCount <= endOfFile else { throw overlap }
        extents.append(
            Extent(address: address, count: count, checksumOffset: checksumOffset))
        return ByteCursor(block)
    }

    /// Accounts for unused bytes that follow the block handed out last.
    func pad(_ count: Int) throws(HDF5Error) {
        guard count > 0, let last = extents.last else { return }
        let blank = try peek(at: last.end, count: count, "unused part of a block")
        note { () throws(HDF5Error) in
            guard blank.allSatisfy({ $0 == 0 }) else {
                throw .damaged("unused bytes of the structure at \(last.address) are not zero")
            }
        }
        metadataByteCount += count
        guard metadataByteCount <= endOfFile else { throw overlap }
        extents[extents.count - 1].count += count
    }

    /// The header of the object at `address`, which is read once.
    func header(at address: Int) throws(HDF5Error) -> ObjectHeader {
        if let known = committedHeaders[address] { return known }
        return try ObjectHeader(at: address, self)
    }

    func keep(_ header: ObjectHeader, ofDatatype datatype: HDF5Datatype, at address: Int) {
        committedDatatypes[address] = datatype
        committedHeaders[address] = header
    }

    private var overlap: HDF5Error {
        .damaged("structures overlap: together they are larger than the file")
    }

    /// Bytes looked at before the size of their structure is known; they are not accounted for.
    func peek(
        at address: Int, count: Int, _ what: StaticString
    ) throws(HDF5Error) -> UnsafeRawBufferPointer {
        guard address >= 0, count >= 0, count <= endOfFile, address <= endOfFile - count else {
            throw .damaged(
                "the \(what) at \(address) (\(count) bytes) lies outside the file, which ends at"
                    + " \(endOfFile)")
        }
        return UnsafeRawBufferPointer(rebasing: bytes[address..<(address + count)])
    }

    /// A block whose last four bytes are the lookup3 checksum of the bytes before them; the
    /// cursor returned ends before the checksum.
    func checkedBlock(
        at address: Int, count: Int, _ what: StaticString
    ) throws(HDF5Error) -> ByteCursor {
        guard count >= 4 else { throw .damaged("the \(what) is too short for its checksum") }
        var block = try block(at: address, count: count, what, checksumOffset: count - 4)
        let body = try block.take(count - 4)
        guard isChecksum(try block.checksum(), of: body) else {
            throw .damaged("the checksum of the \(what) at \(address) does not match its bytes")
        }
        return ByteCursor(body)
    }

    /// Accounts for bytes copied out of blocks that were handed out before.
    func copy(_ count: Int) throws(HDF5Error) {
        copiedByteCount += count
        guard copiedByteCount <= endOfFile else {
            throw .damaged("values overlap: together they are larger than the file")
        }
    }
}
