// SPDX-License-Identifier: Apache-2.0

/// Holds a version 1 B-tree of chunks against itself (format specification, section III.A.1).
///
/// Its nodes have no checksum, and reading needs only a part of what they say. Every writer keeps
/// the rest by the same rules, so that a changed bit breaks one of them: siblings refer to each
/// other, keys rise and agree with those above, nothing but deflate is ever left out, the last key is
/// the far corner of a chunk, and what is not used is zero.
///
/// One bit can escape: libhdf5 makes the last key the corner of the last chunk or of the one before,
/// depending on the order in which chunks were written, and where their places differ in one
/// bit, either is accepted. No program reads elements by it.
struct ChunkTreeAudit {
    private struct Key: Equatable {
        var storedByteCount: Int
        var filterMask: Int
        /// The first element, and in the last place where in the element the chunk begins.
        var origin: [Int]
    }

    /// A node as its parent knows it.
    private struct Place {
        var address: Int
        /// The keys on both sides; nil for a root's, which nobody knows.
        var first: Key?
        var next: Key?
    }

    private let reader: MetadataReader
    private let index: ChunkIndex
    private let elementByteCount: Int
    private let chunkK: Int
    /// Where deflate stands in the pipeline: the only filter that a writer may leave out, because
    /// it may fail to make a chunk smaller.
    private let optionalFilters: Int

    init(
        _ index: ChunkIndex, elementByteCount: Int, filters: [HDF5Filter], chunkK: Int,
        _ reader: MetadataReader
    ) {
        self.reader = reader
        self.index = index
        self.elementByteCount = elementByteCount
        self.chunkK = chunkK
        optionalFilters = filters.enumerated().reduce(0) { mask, filter in
            filter.element.identifier == HDF5Filter.deflate ? mask | 1 << filter.offset : mask
        }
    }

    /// - Throws: ``HDF5Error`` with the first rule that is broken.
    func run(root: Int) throws(HDF5Error) {
        var places = [Place(address: root)]
        while !places.isEmpty {
            var below: [Place] = []
            for index in places.indices {
                let left = index > 0 ? places[index - 1].address : nil
                let right = index + 1 < places.count ? places[index + 1].address : nil
                below += try children(of: places[index], left: left, right: right)
            }
            places = below
        }
    }

    /// Checks one node.
    ///
    /// - Returns: its children; none for a leaf.
    private func children(
        of place: Place, left: Int?, right: Int?
    ) throws(HDF5Error) -> [Place] {
        let keyBytes = 8 + 8 * (index.chunk.count + 1)
        let byteCount = 24 + (2 * chunkK + 1) * keyBytes + 2 * chunkK * 8
        var node = ByteCursor(
            try reader.peek(at: place.address, count: byteCount, "chunk B-tree node"))
        try node.skip(5)
        let level = try node.u8()
        let used = try node.u16()
        guard try node.address() == left, try node.address() == right else {
            throw broken("its neighbours do not refer to each other", place)
        }
        guard used > 0 else { throw broken("it is empty", place) }
        var keys: [Key] = []
        var addresses: [Int] = []
        for _ in 0..<used {
            keys.append(try key(&node))
            addresses.append(try node.definedAddress("chunk"))
        }
        keys.append(try key(&node))
        guard try node.take(node.remaining).allSatisfy({ $0 == 0 }) else {
            throw broken("bytes that are not used are not zero", place)
        }
        try check(keys, of: place, isLastLeaf: level == 0 && right == nil)
        guard level > 0 else { return [] }
        return addresses.indices.map {
            Place(address: addresses[$0], first: keys[$0], next: keys[$0 + 1])
        }
    }

    private func key(_ node: inout ByteCursor) throws(HDF5Error) -> Key {
        var key = Key(storedByteCount: try node.u32(), filterMask: try node.u32(), origin: [])
        for _ in 0...index.chunk.count { key.origin.append(try node.length()) }
        return key
    }

    private func check(
        _ keys: [Key], of place: Place, isLastLeaf: Bool
    ) throws(HDF5Error) {
        let last = keys[keys.count - 1]
        guard place.first == nil || keys[0] == place.first,
            place.next == nil || last == place.next
        else { throw broken("its keys are not those of the node above", place) }
        for (key, next) in zip(keys, keys.dropFirst()) {
            guard key.origin.lexicographicallyPrecedes(next.origin) else {
                throw broken("its keys do not rise", place)
            }
            guard key.filterMask & ~optionalFilters == 0 else {
                throw broken("a chunk leaves out filters that cannot be left out", place)
            }
        }
        guard isLastLeaf else { return }
        let start = zip(last.origin, index.chunk).map { $0 - $1 }
        guard last.storedByteCount == 0, last.filterMask == 0,
            last.origin.last == elementByteCount, start.allSatisfy({ $0 >= 0 }),
            index.ordinal(ofChunkAt: start) != nil
        else { throw broken("its last key is not the end of a chunk", place) }
    }

    private func broken(_ rule: String, _ place: Place) -> HDF5Error {
        .damaged("the node at \(place.address) of its chunk index contradicts itself: \(rule)")
    }
}
