// SPDX-License-Identifier: Apache-2.0

/// The free places of a fractal heap (format specification, section III.I). Reading needs none
/// of it, but libhdf5 interprets it when it writes, so it is checked before libhdf5 may.
enum FreeSpaceManager {
    static func check(
        at address: Int, heap: FractalHeap.Header, _ reader: MetadataReader
    ) throws(HDF5Error) {
        var header = try reader.checkedBlock(at: address, count: 82, "free-space header")
        try header.expect(signature: "FSHD", "free-space header")
        let version = try header.u8()
        let client = try header.u8()
        guard version == 0, client == 0 else { throw .damaged("a free-space header is unknown") }
        try header.skip(8)
        let sections = try header.length()
        let serialized = try header.length()
        let unserialized = try header.length()
        try header.skip(6)
        let addressBits = try header.u16()
        let largest = try header.length()
        let list = try header.address()
        let used = try header.length()
        let allocated = try header.length()
        guard serialized <= sections, unserialized <= sections, used <= allocated,
            (1...64).contains(addressBits)
        else { throw .damaged("a free-space header contradicts itself") }
        guard let list else {
            guard serialized == 0 else { throw .damaged("free space is counted but not listed") }
            return
        }
        var block = try reader.checkedBlock(at: list, count: used, "free-space list")
        try reader.pad(allocated - used)
        try block.expect(signature: "FSSE", "free-space list")
        guard try block.u8() == 0, try block.address() == address else {
            throw .damaged("a free-space list belongs to another heap")
        }
        var found = 0
        while block.remaining > 0 {
            let count = try block.unsigned(byteCount: bytesNeeded(for: serialized))
            let size = try block.unsigned(byteCount: bytesNeeded(for: largest))
            guard count > 0, size > 0, size <= largest, count <= serialized - found else {
                throw .damaged("a free-space list contradicts its header")
            }
            for _ in 0..<count {
                let offset = try block.unsigned(byteCount: (addressBits + 7) / 8)
                guard addressBits >= 63 || offset >> addressBits == 0 else {
                    throw .damaged("free space lies outside its heap")
                }
                try checkKind(&block, heap)
            }
            found += count
        }
        guard found == serialized else { throw .damaged("a free-space list is incomplete") }
    }

    private static func checkKind(
        _ block: inout ByteCursor, _ heap: FractalHeap.Header
    ) throws(HDF5Error) {
        switch try block.u8() {
        case 0, 2: break
        case 1, 3:
            // Free blocks of whole rows: their indirect block, first row and column, and count.
            try block.skip(heap.offsetByteCount)
            let row = try block.u16()
            let column = try block.u16()
            let count = try block.u16()
            guard row < 64, column < heap.width, count > 0, count <= 64 * heap.width else {
                throw .damaged("free blocks lie outside their heap")
            }
        default: throw .damaged("free space of an unknown kind")
        }
    }
}
