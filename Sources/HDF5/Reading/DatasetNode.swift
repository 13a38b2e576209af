// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What an object header says about a dataset.
final class DatasetNode: Sendable {
    let address: Int
    let datatype: HDF5Datatype
    let dataspace: Dataspace
    let storage: Storage
    let filters: [HDF5Filter]
    /// The bytes of the element that stands for what was not written; nothing for zeros.
    let fill: [UInt8]
    let attributes: [HDF5Attribute]

    enum Storage: Sendable {
        /// Copied from the object header.
        case compact(ByteRegion)
        /// `address` is nil when nothing was written.
        case contiguous(address: Int?, count: Int)
        case chunked(ChunkIndex)
        /// The elements are kept in a way that is not read; the text names it.
        case unread(String)
    }

    init(
        at address: Int, _ header: ObjectHeader, attributes: [HDF5Attribute],
        _ superblock: Superblock, _ reader: MetadataReader
    ) throws(HDF5Error) {
        self.address = address
        self.attributes = attributes
        guard let datatypeMessage = header.first(.datatype),
            let dataspaceMessage = header.first(.dataspace),
            let layoutMessage = header.first(.layout)
        else { throw .damaged("a dataset lacks its datatype, extents or layout") }
        datatype = try reader.datatype(datatypeMessage)
        var cursor = try dataspaceMessage.unsharedCursor("dataspace")
        dataspace = try Dataspace(parsing: &cursor)
        if let message = header.first(.filterPipeline) {
            var cursor = try message.unsharedCursor("filter pipeline")
            filters = try HDF5Filter.parsePipeline(&cursor)
        } else {
            filters = []
        }
        let logical = try ReadingGuard.byteCount(of: dataspace.shape, datatype)
        fill = try Self.fill(header, datatype)
        if header.first(.externalFiles) != nil {
            storage = .unread("external storage")
            return
        }
        cursor = try layoutMessage.unsharedCursor("layout")
        storage = try Self.storage(
            try LayoutMessage(parsing: &cursor), dataspace, datatype.byteCount,
            logicalByteCount: logical, filters, superblock, reader)
    }

    private static func fill(
        _ header: ObjectHeader, _ datatype: HDF5Datatype
    ) throws(HDF5Error) -> [UInt8] {
        var fill: [UInt8] = []
        if let message = header.first(.fillValue) {
            var cursor = try message.unsharedCursor("fill value")
            fill = try FillValue.parse(&cursor)
        } else if let message = header.first(.oldFillValue) {
            var cursor = try message.unsharedCursor("fill value")
            fill = try FillValue.parseOld(&cursor)
        }
        guard fill.isEmpty || fill.count == datatype.byteCount else {
            throw .damaged(
                "a fill value of \(fill.count) bytes does not fit elements of"
                    + " \(datatype.byteCount) bytes")
        }
        return fill.allSatisfy { $0 == 0 } ? [] : fill
    }

    private static func storage(
        _ layout: LayoutMessage, _ dataspace: Dataspace, _ elementByteCount: Int,
        logicalByteCount: Int, _ filters: [HDF5Filter], _ superblock: Superblock,
        _ reader: MetadataReader
    ) throws(HDF5Error) -> Storage {
        switch layout {
        case .compact(let bytes):
            guard bytes.count >= logicalByteCount else {
                throw .damaged(
                    "\(bytes.count) bytes of compact data cannot hold \(logicalByteCount)")
            }
            try reader.copy(bytes.count)
            return .compact(ByteRegion(copying: bytes))
        case .contiguous(nil, _): return .contiguous(address: nil, count: 0)
        case .contiguous(let address?, let stated):
            let count = stated ?? logicalByteCount
            guard count >= logicalByteCount else {
                throw .damaged("\(count) bytes of data cannot hold \(logicalByteCount)")
            }
            _ = try reader.peek(at: address, count: count, "data")
            return .contiguous(address: address, count: count)
        case .virtual: return .unread("a virtual dataset")
        case .chunked(let chunked):
            var index = try ChunkIndex(
                chunked, shape: dataspace.shape, elementByteCount: elementByteCount)
            if let address = chunked.address {
                try index.read(
                    chunked.index, at: address, largest: dataspace.largest,
                    isFiltered: !filters.isEmpty, superblock, reader)
            }
            try index.finish(isFiltered: !filters.isEmpty, endOfFile: reader.endOfFile)
            if case .btree1 = chunked.index, let root = chunked.address {
                let audit = ChunkTreeAudit(
                    index, elementByteCount: elementByteCount, filters: filters,
                    chunkK: superblock.chunkK, reader)
                reader.note { () throws(HDF5Error) in try audit.run(root: root) }
            }
            return .chunked(index)
        }
    }
}

extension ObjectHeader.Message {
    /// The message's fields, where the message itself is in the header.
    func unsharedCursor(_ what: StaticString) throws(HDF5Error) -> ByteCursor {
        guard !isShared else {
            throw .unsupported("a shared \(what) message is not read")
        }
        return cursor
    }
}

extension MetadataReader {
    /// The datatype in a message, or in the committed datatype that the message refers to.
    func datatype(_ message: ObjectHeader.Message) throws(HDF5Error) -> HDF5Datatype {
        var cursor = message.cursor
        return message.isShared
            ? try sharedDatatype(&cursor) : try HDF5Datatype(parsing: &cursor)
    }

    /// The committed datatype that a shared message (format specification, section IV.A.2)
    /// refers to.
    func sharedDatatype(_ cursor: inout ByteCursor) throws(HDF5Error) -> HDF5Datatype {
        let version = try cursor.u8()
        let kind = try cursor.u8()
        guard (1...3).contains(version) else {
            throw .unsupported("shared message version \(version) is not known")
        }
        if version == 1 { try cursor.skip(6) }
        guard version < 3 || kind == 2 else {
            throw .unsupported("messages in a shared message heap are not read")
        }
        let address = try cursor.definedAddress("committed datatype")
        if let known = committedDatatypes[address] { return known }
        let header = try ObjectHeader(at: address, self)
        guard let message = header.first(.datatype), !message.isShared else {
            throw .damaged("the object at \(address) is not a committed datatype")
        }
        let datatype = try datatype(message)
        keep(header, ofDatatype: datatype, at: address)
        return datatype
    }
}
