// SPDX-License-Identifier: Apache-2.0

/// The records of a version 2 B-tree (format specification, section III.A.2), all read at once.
struct BTree2 {
    /// Unordered: leaves come before the nodes above them.
    private(set) var records: [UnsafeRawBufferPointer] = []

    private struct Level {
        var mostRecords: Int
        /// Bytes that a child's record count takes.
        var countByteCount: Int
        /// The most records in a whole subtree, and the bytes that such a count takes.
        var mostInSubtree: Int
        var subtreeByteCount: Int
    }

    /// - Parameters:
    ///   - kind: the type of record the tree must have.
    ///   - recordByteCount: the size its records must have, or nil where the tree says it.
    /// - Throws: ``HDF5Error`` when a node contradicts the header or the file.
    init(
        at address: Int, kind: Int, recordByteCount: Int?, _ reader: MetadataReader
    ) throws(HDF5Error) {
        var header = try reader.checkedBlock(at: address, count: 38, "B-tree header")
        try header.expect(signature: "BTHD", "B-tree header")
        let version = try header.u8()
        let foundKind = try header.u8()
        guard version == 0 else { throw .unsupported("B-tree version \(version) is not known") }
        guard foundKind == kind else {
            throw .damaged("a B-tree has records of kind \(foundKind) instead of \(kind)")
        }
        let nodeBytes = try header.u32()
        let recordBytes = try header.u16()
        let depth = try header.u16()
        try header.skip(2)
        let root = try header.address()
        let rootCount = try header.u16()
        let total = try header.length()
        guard recordBytes > 0, recordByteCount == nil || recordByteCount == recordBytes else {
            throw .damaged("a B-tree of kind \(kind) has records of \(recordBytes) bytes")
        }
        guard let root else {
            guard total == 0 else { throw .damaged("a B-tree of \(total) records has no root") }
            return
        }
        let levels = try Self.levels(depth: depth, nodeBytes: nodeBytes, recordBytes: recordBytes)
        var pending = [(address: root, count: rootCount, level: depth)]
        while let next = pending.popLast() {
            let level = levels[next.level]
            guard next.count <= level.mostRecords else {
                throw .damaged("a B-tree node has more records than fit it")
            }
            let isLeaf = next.level == 0
            let childBytes =
                isLeaf
                ? 0
                : 8 + levels[next.level - 1].countByteCount
                    + (next.level > 1 ? levels[next.level - 1].subtreeByteCount : 0)
            let used = 6 + next.count * recordBytes + (isLeaf ? 0 : (next.count + 1) * childBytes)
            _ = try reader.peek(at: next.address, count: nodeBytes, "B-tree node")
            var node = try reader.checkedBlock(
                at: next.address, count: used + 4, "B-tree node")
            try reader.pad(nodeBytes - used - 4)
            try node.expect(signature: isLeaf ? "BTLF" : "BTIN", "B-tree node")
            let nodeVersion = try node.u8()
            let nodeKind = try node.u8()
            guard nodeVersion == 0, nodeKind == kind else {
                throw .damaged("a B-tree node is of another kind than its tree")
            }
            for _ in 0..<next.count { records.append(try node.take(recordBytes)) }
            guard !isLeaf else { continue }
            for _ in 0...next.count {
                let child = try node.definedAddress("B-tree node")
                let count = try node.unsigned(
                    byteCount: levels[next.level - 1].countByteCount)
                if next.level > 1 { try node.skip(levels[next.level - 1].subtreeByteCount) }
                pending.append((child, count, next.level - 1))
            }
        }
        guard records.count == total else {
            throw .damaged("a B-tree of \(total) records has \(records.count)")
        }
    }

    /// What fits nodes of each level, leaves first.
    private static func levels(
        depth: Int, nodeBytes: Int, recordBytes: Int
    ) throws(HDF5Error) -> [Level] {
        // Nodes have at least two children, so that 2^64 records would need depth 64.
        guard depth <= 64 else { throw .damaged("a B-tree of depth \(depth) is impossible") }
        let inLeaf = (nodeBytes - 10) / recordBytes
        guard inLeaf > 0 else { throw .damaged("B-tree nodes of \(nodeBytes) bytes hold nothing") }
        var levels = [
            Level(
                mostRecords: inLeaf, countByteCount: bytesNeeded(for: inLeaf),
                mostInSubtree: inLeaf, subtreeByteCount: 0)
        ]
        for level in 1..<(depth + 1) {
            let below = levels[level - 1]
            // Counts of records in one node are as wide at every level.
            let pointer = 8 + levels[0].countByteCount + below.subtreeByteCount
            let count = (nodeBytes - 10 - pointer) / (recordBytes + pointer)
            guard count > 0 else {
                throw .damaged("B-tree nodes of \(nodeBytes) bytes hold nothing")
            }
            let (product, overflow) = (count + 1).multipliedReportingOverflow(
                by: below.mostInSubtree)
            let (sum, tooMany) = product.addingReportingOverflow(count)
            guard !overflow, !tooMany else { throw .damaged("a B-tree is impossibly deep") }
            levels.append(
                Level(
                    mostRecords: count, countByteCount: levels[0].countByteCount,
                    mostInSubtree: sum, subtreeByteCount: bytesNeeded(for: sum)))
        }
        return levels
    }
}
