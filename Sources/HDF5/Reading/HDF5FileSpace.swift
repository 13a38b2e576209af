// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What the bytes of a file are used for.
public struct HDF5FileSpace: Hashable, Sendable {
    /// Bytes of the whole file.
    public let total: Int
    /// Headers, indexes and heaps.
    public let metadata: Int
    /// Elements of datasets, as they are stored.
    public let payload: Int
    /// What nothing that was read refers to: deleted objects, gaps, text of variable length that
    /// datasets refer to, and whatever follows the end that the file itself states.
    public var unaccounted: Int { max(0, total - metadata - payload) }
}

extension HDF5File {
    /// What the bytes of the file are used for. Bytes that several structures claim are counted
    /// once.
    public var space: HDF5FileSpace {
        let metadata = Self.union(extents)
        let all = Self.union(extents + payloadExtents)
        return HDF5FileSpace(
            total: region.count, metadata: metadata.byteCount,
            payload: all.byteCount - metadata.byteCount)
    }

    /// - Throws: ``HDF5Error`` when two structures, or elements and a structure, share bytes.
    func requireDisjoint() throws(HDF5Error) {
        if let address = Self.union(extents + payloadExtents).firstOverlap {
            throw .damaged("two structures share the bytes at \(address)")
        }
    }

    /// Where the elements of all datasets lie; compact ones lie in object headers.
    private var payloadExtents: [MetadataReader.Extent] {
        nodes.flatMap { node -> [MetadataReader.Extent] in
            guard case .dataset(let dataset) = node else { return [] }
            return payloadExtents(of: dataset)
        }
    }

    /// Where the elements of one dataset lie.
    func payloadExtents(of node: DatasetNode) -> [MetadataReader.Extent] {
        switch node.storage {
        case .contiguous(let address?, let count) where count > 0:
            [MetadataReader.Extent(address: address, count: count)]
        case .chunked(let index):
            index.entries.map {
                MetadataReader.Extent(address: $0.address, count: $0.storedByteCount)
            }
        default: []
        }
    }

    private static func union(
        _ extents: [MetadataReader.Extent]
    ) -> (byteCount: Int, firstOverlap: Int?) {
        var end = 0
        var byteCount = 0
        var firstOverlap: Int?
        for extent in extents.sorted(by: { $0.address < $1.address }) where extent.count > 0 {
            if extent.address < end, firstOverlap == nil { firstOverlap = extent.address }
            if extent.end > end {
                byteCount += extent.end - max(end, extent.address)
                end = extent.end
            }
        }
        return (byteCount, firstOverlap)
    }
}
