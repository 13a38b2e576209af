// SPDX-License-Identifier: Apache-2.0

extension HDF5Datatype {
    static func compound(
        _ cursor: inout ByteCursor, _ version: Int, _ flags: Int, _ byteCount: Int, _ depth: Int
    ) throws(HDF5Error) -> HDF5Datatype {
        var members: [HDF5Member] = []
        for _ in 0..<(flags & 0xFFFF) {
            let name = try cursor.nullTerminatedText(
                "name of a compound's member", padding: version < 3 ? 8 : 1)
            let offset =
                version < 3
                ? try cursor.u32() : try cursor.unsigned(byteCount: bytesNeeded(for: byteCount))
            var dimensions: [Int] = []
            if version == 1 {
                let rank = try cursor.u8()
                try cursor.skip(11)
                guard rank <= 4 else { throw .damaged("a compound's member has rank \(rank)") }
                for axis in 0..<4 {
                    let extent = try cursor.u32()
                    if axis < rank { dimensions.append(extent) }
                }
            }
            var datatype = try HDF5Datatype(parsing: &cursor, depth: depth + 1)
            if !dimensions.isEmpty {
                datatype = try array(of: datatype, dimensions)
            }
            guard offset <= byteCount, datatype.byteCount <= byteCount - offset else {
                throw .damaged(
                    "member \"\(name)\" (\(datatype.byteCount) bytes at \(offset)) does not fit"
                        + " its compound of \(byteCount) bytes")
            }
            members.append(HDF5Member(name: name, offset: offset, datatype: datatype))
        }
        guard Set(members.map(\.name)).count == members.count else {
            throw .damaged("a compound has two members of one name")
        }
        return .compound(byteCount: byteCount, members: members)
    }

    static func array(
        _ cursor: inout ByteCursor, _ version: Int, _ byteCount: Int, _ depth: Int
    ) throws(HDF5Error) -> HDF5Datatype {
        guard version >= 2 else { throw .damaged("an array type of version 1 cannot be") }
        let rank = try cursor.u8()
        if version == 2 { try cursor.skip(3) }
        guard (1...32).contains(rank) else { throw .damaged("an array type has rank \(rank)") }
        var dimensions: [Int] = []
        for _ in 0..<rank { dimensions.append(try cursor.u32()) }
        if version == 2 { try cursor.skip(4 * rank) }
        let result = try array(
            of: try HDF5Datatype(parsing: &cursor, depth: depth + 1), dimensions)
        guard result.byteCount == byteCount else {
            throw .damaged(
                "an array type of \(byteCount) bytes has elements of \(result.byteCount) bytes")
        }
        return result
    }

    /// An array type whose size is known to be a sane number, so that ``byteCount`` cannot trap.
    private static func array(
        of base: HDF5Datatype, _ dimensions: [Int]
    ) throws(HDF5Error) -> HDF5Datatype {
        var byteCount = base.byteCount
        for extent in dimensions {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: extent)
            guard !overflow, product > 0, product <= Int(UInt32.max) else {
                throw .damaged("an array type has an impossible size")
            }
            byteCount = product
        }
        return .array(base: base, dimensions: dimensions)
    }
}

/// Bytes that a number up to `limit` is encoded in.
func bytesNeeded(for limit: Int) -> Int {
    limit <= 0 ? 1 : (Int.bitWidth - 1 - limit.leadingZeroBitCount) / 8 + 1
}
