// SPDX-License-Identifier: Apache-2.0

/// Where a dataset's elements are (format specification, section IV.A.2.i).
enum LayoutMessage {
    case compact(UnsafeRawBufferPointer)
    /// `count` is nil in old messages, which do not say it.
    case contiguous(address: Int?, count: Int?)
    case chunked(ChunkedLayout)
    case virtual

    struct ChunkedLayout {
        /// The extents of a chunk, in elements.
        var chunk: [Int]
        var elementByteCount: Int
        var index: Index
        /// Where the index is; nil when nothing was written yet.
        var address: Int?
        /// Chunks that reach past the dataset's edge are stored unfiltered.
        var leavesEdgesUnfiltered = false
    }

    enum Index {
        case btree1
        case single(storedByteCount: Int?, filterMask: Int)
        case implicit
        case fixedArray
        case extensibleArray
        case btree2

        var kind: ChunkIndex.Kind {
            switch self {
            case .btree1: .btree1
            case .single: .single
            case .implicit: .implicit
            case .fixedArray: .fixedArray
            case .extensibleArray: .extensibleArray
            case .btree2: .btree2
            }
        }
    }

    init(parsing cursor: inout ByteCursor) throws(HDF5Error) {
        let version = try cursor.u8()
        switch version {
        case 1, 2: self = try Self.old(&cursor)
        case 3, 4, 5: self = try Self.new(&cursor, version)
        default: throw .unsupported("layout version \(version) is not known")
        }
    }

    private static func old(_ cursor: inout ByteCursor) throws(HDF5Error) -> LayoutMessage {
        let rank = try cursor.u8()
        let kind = try cursor.u8()
        try cursor.skip(5)
        switch kind {
        case 0:
            try cursor.skip(4 * rank)
            let count = try cursor.u32()
            return .compact(try cursor.take(count))
        case 1: return .contiguous(address: try cursor.address(), count: nil)
        case 2:
            let address = try cursor.address()
            return .chunked(try chunked(&cursor, rank, width: 4, .btree1, address))
        default: throw .damaged("layout class \(kind) is not known")
        }
    }

    private static func new(
        _ cursor: inout ByteCursor, _ version: Int
    ) throws(HDF5Error) -> LayoutMessage {
        let kind = try cursor.u8()
        switch kind {
        case 0:
            let count = try cursor.u16()
            return .compact(try cursor.take(count))
        case 1:
            let address = try cursor.address()
            return .contiguous(address: address, count: try cursor.length())
        case 2 where version == 3:
            let rank = try cursor.u8()
            let address = try cursor.address()
            return .chunked(try chunked(&cursor, rank, width: 4, .btree1, address))
        case 2: return .chunked(try indexed(&cursor))
        case 3: return .virtual
        default: throw .damaged("layout class \(kind) is not known")
        }
    }

    private static func chunked(
        _ cursor: inout ByteCursor, _ rank: Int, width: Int, _ index: Index, _ address: Int?
    ) throws(HDF5Error) -> ChunkedLayout {
        guard (2...33).contains(rank) else { throw .damaged("chunks have rank \(rank - 1)") }
        var extents: [Int] = []
        for _ in 0..<rank { extents.append(try cursor.unsigned(byteCount: width)) }
        let elementByteCount = extents.removeLast()
        guard extents.allSatisfy({ $0 > 0 }) else { throw .damaged("chunks have an extent of 0") }
        return ChunkedLayout(
            chunk: extents, elementByteCount: elementByteCount, index: index, address: address)
    }

    /// The chunk indexes of layout version 4 (and 5, which widens the sizes of chunks).
    private static func indexed(_ cursor: inout ByteCursor) throws(HDF5Error) -> ChunkedLayout {
        let flags = try cursor.u8()
        let rank = try cursor.u8()
        let width = try cursor.u8()
        var layout = try chunked(&cursor, rank, width: width, .implicit, nil)
        layout.leavesEdgesUnfiltered = flags & 1 != 0
        let kind = try cursor.u8()
        switch kind {
        case 1:
            let isFiltered = flags & 2 != 0
            let count = isFiltered ? try cursor.length() : nil
            layout.index = .single(
                storedByteCount: count, filterMask: isFiltered ? try cursor.u32() : 0)
        case 2: layout.index = .implicit
        case 3:
            try cursor.skip(1)
            layout.index = .fixedArray
        case 4:
            try cursor.skip(5)
            layout.index = .extensibleArray
        case 5:
            try cursor.skip(6)
            layout.index = .btree2
        default: throw .unsupported("chunk index \(kind) is not known")
        }
        layout.address = try cursor.address()
        return layout
    }
}
