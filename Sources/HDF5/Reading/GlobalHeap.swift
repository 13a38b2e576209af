// SPDX-License-Identifier: Apache-2.0

/// Values of variable length, which elements refer to by collection and index (format
/// specification, section III.E).
struct GlobalHeap {
    private let bytes: UnsafeRawBufferPointer
    private let endOfFile: Int
    private var collections: [Int: [Int: UnsafeRawBufferPointer]] = [:]
    private var collectionByteCount = 0
    private(set) var extents: [MetadataReader.Extent] = []
    private var copiedByteCount = 0

    init(bytes: UnsafeRawBufferPointer, endOfFile: Int) {
        self.bytes = bytes
        self.endOfFile = endOfFile
    }

    /// The value that `reference` (length, collection address, index: 16 bytes) stands for.
    ///
    /// - Parameter elementByteCount: bytes of one element; the length counts elements.
    /// - Throws: ``HDF5Error`` when there is no such value, and when values are referred to so
    ///   often that they would take more memory than the file.
    mutating func value(
        _ reference: inout ByteCursor, elementByteCount: Int = 1
    ) throws(HDF5Error) -> UnsafeRawBufferPointer {
        // Both factors are below 2^32.
        let length = try reference.u32() * elementByteCount
        let address = try reference.u64()
        let index = try reference.u32()
        // A value that was never written has length and address 0.
        if length == 0 { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard let address = Int(exactly: address), address > 0 else {
            throw .damaged("a value of variable length has no address")
        }
        if collections[address] == nil { collections[address] = try collection(at: address) }
        guard let value = collections[address]?[index], length <= value.count else {
            throw .damaged(
                "the heap at \(address) has no value \(index) of \(length) bytes")
        }
        copiedByteCount += length
        guard copiedByteCount <= endOfFile else {
            throw .damaged("values of variable length are together larger than the file")
        }
        return UnsafeRawBufferPointer(rebasing: value[..<length])
    }

    private mutating func collection(
        at address: Int
    ) throws(HDF5Error) -> [Int: UnsafeRawBufferPointer] {
        guard endOfFile >= 16, address <= endOfFile - 16 else {
            throw .damaged("a global heap at \(address) lies outside the file")
        }
        var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[address..<endOfFile]))
        try cursor.expect(signature: "GCOL", "global heap")
        let version = try cursor.u8()
        guard version == 1 else { throw .unsupported("global heap version \(version)") }
        try cursor.skip(3)
        let size = try cursor.length()
        guard size >= 16 else { throw .damaged("the global heap at \(address) has no room") }
        collectionByteCount += size
        guard size <= endOfFile, collectionByteCount <= endOfFile else {
            throw .damaged("global heaps are together larger than the file")
        }
        extents.append(MetadataReader.Extent(address: address, count: size))
        var objects = try cursor.sub(size - 16)
        var values: [Int: UnsafeRawBufferPointer] = [:]
        while objects.remaining >= 16 {
            let index = try objects.u16()
            try objects.skip(6)
            let count = try objects.length()
            // Index 0 is the free space at the end.
            if index == 0 { break }
            values[index] = try objects.take(count)
            try objects.skip(min((8 - count % 8) % 8, objects.remaining))
        }
        return values
    }
}
