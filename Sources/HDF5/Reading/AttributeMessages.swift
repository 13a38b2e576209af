// SPDX-License-Identifier: Apache-2.0

extension ObjectHeader {
    /// The attributes of the object, sorted by name.
    ///
    /// - Throws: ``HDF5Error`` for two of one name, among others.
    func attributes(_ reader: MetadataReader) throws(HDF5Error) -> [HDF5Attribute] {
        var attributes: [HDF5Attribute] = []
        for message in messages {
            switch message.type {
            case .attribute:
                var cursor = try message.unsharedCursor("attribute")
                try ReadingGuard.check(attributeCount: attributes.count + 1)
                attributes.append(try HDF5Attribute(parsing: &cursor, reader))
            case .attributeInfo:
                var cursor = message.cursor
                try Self.readDense(&cursor, into: &attributes, reader)
            default: continue
            }
        }
        guard attributes.count > 1 else { return attributes }
        attributes.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for index in 1..<attributes.count where attributes[index].name == attributes[index - 1].name
        {
            throw .damaged("two attributes are called \(attributes[index].name)")
        }
        return attributes
    }

    /// Attributes kept in a fractal heap (format specification, section IV.A.2.v).
    private static func readDense(
        _ cursor: inout ByteCursor, into attributes: inout [HDF5Attribute],
        _ reader: MetadataReader
    ) throws(HDF5Error) {
        let version = try cursor.u8()
        guard version == 0 else { throw .unsupported("attribute info version \(version)") }
        let flags = try cursor.u8()
        if flags & 1 != 0 { try cursor.skip(2) }
        let heapAddress = try cursor.address()
        let nameIndex = try cursor.address()
        let orderIndex = flags & 2 != 0 ? try cursor.address() : nil
        guard let heapAddress, let nameIndex else { return }
        let heap = try FractalHeap(at: heapAddress, reader)
        let records = try BTree2(at: nameIndex, kind: 8, recordByteCount: 17, reader)
        try ReadingGuard.check(attributeCount: attributes.count + records.records.count)
        for record in records.records {
            var fields = ByteCursor(record)
            let identifier = try fields.take(8)
            guard try fields.u8() & 2 == 0 else {
                throw .unsupported("attributes in a shared message heap are not read")
            }
            var message = ByteCursor(try heap.object(identifier))
            attributes.append(try HDF5Attribute(parsing: &message, reader))
            try fields.skip(4)
            try DenseLinks.checkHash(
                try fields.checksum(), of: attributes[attributes.count - 1].name)
        }
        // Read for its checksums and the books: the order itself is not used.
        if let orderIndex {
            _ = try BTree2(at: orderIndex, kind: 9, recordByteCount: 13, reader)
        }
    }
}
