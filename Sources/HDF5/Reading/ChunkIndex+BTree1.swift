// SPDX-License-Identifier: Apache-2.0

extension ChunkIndex {
    /// Reads a version 1 B-tree of chunks (format specification, section III.A.1).
    mutating func readBTree1(
        at root: Int, chunkK: Int, _ reader: MetadataReader
    ) throws(HDF5Error) {
        let rank = chunk.count
        let keyBytes = 8 + 8 * (rank + 1)
        let nodeBytes = 24 + (2 * chunkK + 1) * keyBytes + 2 * chunkK * 8
        var pending: [(address: Int, level: Int?)] = [(root, nil)]
        var origin = [Int](repeating: 0, count: rank)
        while let next = pending.popLast() {
            var node = try reader.block(at: next.address, count: nodeBytes, "chunk B-tree node")
            let (level, used) = try BTree1.readNodeHead(&node, kind: 1, level: next.level)
            guard used <= 2 * chunkK else {
                throw .damaged("a chunk B-tree node has \(used) entries, at most \(2 * chunkK) fit")
            }
            for _ in 0..<used {
                let storedByteCount = try node.u32()
                let filterMask = UInt32(truncatingIfNeeded: try node.u32())
                for axis in 0..<rank { origin[axis] = try node.length() }
                guard try node.u64() == 0 else {
                    throw .damaged("a chunk begins within an element")
                }
                let child = try node.definedAddress("chunk")
                if level > 0 {
                    pending.append((child, level - 1))
                    continue
                }
                guard let ordinal = ordinal(ofChunkAt: origin) else {
                    throw .damaged("a chunk at \(origin) is not part of the dataset")
                }
                entries.append(
                    Entry(
                        ordinal: ordinal, address: child, storedByteCount: storedByteCount,
                        filterMask: filterMask))
            }
        }
    }
}

/// What nodes of version 1 B-trees have in common.
enum BTree1 {
    /// Reads a node's first fields.
    ///
    /// - Parameter level: the level it must have, or nil for a root.
    /// - Returns: its level and how many entries it uses.
    static func readNodeHead(
        _ node: inout ByteCursor, kind: Int, level: Int?
    ) throws(HDF5Error) -> (level: Int, used: Int) {
        try node.expect(signature: "TREE", "B-tree node")
        let foundKind = try node.u8()
        let foundLevel = try node.u8()
        let used = try node.u16()
        try node.skip(16)
        guard foundKind == kind else {
            throw .damaged("a B-tree node is of kind \(foundKind) instead of \(kind)")
        }
        guard level == nil || level == foundLevel else {
            throw .damaged("a B-tree node has a level that its parent rules out")
        }
        return (foundLevel, used)
    }
}
