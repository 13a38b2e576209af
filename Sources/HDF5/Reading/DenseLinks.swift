// SPDX-License-Identifier: Apache-2.0

/// Links of a large group, kept in a fractal heap.
enum DenseLinks {
    /// Reads a link info message (format specification, section IV.A.2.c) and the links in the
    /// heap it names.
    static func read(
        _ cursor: inout ByteCursor, into links: inout [ParsedLink], _ reader: MetadataReader
    ) throws(HDF5Error) {
        let version = try cursor.u8()
        guard version == 0 else { throw .unsupported("link info version \(version)") }
        let flags = try cursor.u8()
        if flags & 1 != 0 { try cursor.skip(8) }
        let heapAddress = try cursor.address()
        let nameIndex = try cursor.address()
        let orderIndex = flags & 2 != 0 ? try cursor.address() : nil
        guard let heapAddress, let nameIndex else { return }
        let heap = try FractalHeap(at: heapAddress, reader)
        let tree = try BTree2(at: nameIndex, kind: 5, recordByteCount: 11, reader)
        links.reserveCapacity(links.count + tree.records.count)
        for record in tree.records {
            var fields = ByteCursor(record)
            let hash = try fields.checksum()
            let message = try heap.object(try fields.take(7))
            try reader.copy(message.count)
            var link = ByteCursor(message)
            links.append(try ParsedLink(parsing: &link))
            try checkHash(hash, of: links[links.count - 1].name)
        }
        // Read for its checksums and the books: the order itself is not used.
        if let orderIndex {
            _ = try BTree2(at: orderIndex, kind: 6, recordByteCount: 15, reader)
        }
    }

    /// A name that is not stored under its own hash could be listed but never be found.
    static func checkHash(_ hash: UInt32, of name: String) throws(HDF5Error) {
        var name = name
        guard name.withUTF8({ isChecksum(hash, of: UnsafeRawBufferPointer($0)) }) else {
            throw .damaged("the index entry of \"\(name)\" has another name's hash")
        }
    }
}
