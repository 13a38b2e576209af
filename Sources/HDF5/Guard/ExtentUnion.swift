// SPDX-License-Identifier: Apache-2.0

/// Which bytes of a file some structures take together.
struct ExtentUnion {
    private(set) var byteCount = 0
    /// The first byte that belongs to two of them.
    private(set) var firstOverlap: Int?

    init(_ extents: [MetadataReader.Extent]) {
        var end = 0
        for extent in extents.sorted(by: { $0.address < $1.address }) where extent.count > 0 {
            if extent.address < end, firstOverlap == nil { firstOverlap = extent.address }
            if extent.end > end {
                byteCount += extent.end - max(end, extent.address)
                end = extent.end
            }
        }
    }
}

extension Node {
    /// Where the elements of a dataset lie; compact ones lie in its header.
    var payloadExtents: [MetadataReader.Extent] {
        guard case .dataset(let node) = self else { return [] }
        switch node.storage {
        case .contiguous(let address?, let count) where count > 0:
            return [MetadataReader.Extent(address: address, count: count)]
        case .chunked(let index):
            return index.entries.map {
                MetadataReader.Extent(address: $0.address, count: $0.storedByteCount)
            }
        case .compact, .contiguous, .unread: return []
        }
    }
}

extension FileWalk {
    /// - Throws: ``HDF5Error`` when two structures, or elements and a structure, share bytes: one
    ///   of them is not what it says it is.
    func checkDisjoint() throws(HDF5Error) {
        let extents = reader.extents + reader.globalHeap.extents
        let union = ExtentUnion(extents + nodes.flatMap(\.payloadExtents))
        guard let address = union.firstOverlap else { return }
        let index = nodes.lastIndex { node in
            node.payloadExtents.contains { $0.contains(address) }
        }
        throw HDF5Error(
            .damaged, object: index.map(path(of:)) ?? "",
            "two structures share the bytes at \(address)")
    }
}
