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
    /// What nothing that was read refers to: a user block, deleted objects, gaps, text of variable length that
    /// datasets refer to, and whatever follows the end that the file itself states.
    public var unaccounted: Int { max(0, total - metadata - payload) }
}

extension HDF5File {
    /// What the bytes of the file are used for. Bytes that several structures claim are counted
    /// once.
    public var space: HDF5FileSpace {
        let metadata = ExtentUnion(extents)
        let all = ExtentUnion(extents + nodes.flatMap(\.payloadExtents))
        return HDF5FileSpace(
            total: region.count, metadata: metadata.byteCount,
            payload: all.byteCount - metadata.byteCount)
    }
}
