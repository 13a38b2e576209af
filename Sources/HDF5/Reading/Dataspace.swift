// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The extents of a dataset or attribute (format specification, section IV.A.2.b).
struct Dataspace {
    /// A null dataspace, which has no elements at all, has shape (0).
    let shape: Shape
    let isNull: Bool
    /// The extents it may grow to; nil stands for no limit.
    let largest: [Int?]

    init(parsing cursor: inout ByteCursor) throws(HDF5Error) {
        let version = try cursor.u8()
        let rank = try cursor.u8()
        let flags = try cursor.u8()
        try ReadingGuard.check(rank: rank)
        switch version {
        case 1:
            try cursor.skip(5)
            isNull = false
        case 2:
            let kind = try cursor.u8()
            guard kind <= 2, kind == 1 || rank == 0 else {
                throw .damaged("a dataspace of kind \(kind) has rank \(rank)")
            }
            isNull = kind == 2
        default: throw .unsupported("dataspace version \(version) is not known")
        }
        var dimensions: [Int] = []
        dimensions.reserveCapacity(rank)
        for _ in 0..<rank { dimensions.append(try cursor.length()) }
        var largest: [Int?] = dimensions
        if flags & 1 != 0 {
            for axis in 0..<rank {
                let value = try cursor.u64()
                largest[axis] = value == .max ? nil : Int(exactly: value)
                guard value >= UInt64(dimensions[axis]) else {
                    throw .damaged("a dataspace is larger than its own limit")
                }
            }
        }
        self.largest = largest
        do throws(TensorError) {
            shape = isNull ? [0] : try Shape(dimensions)
        } catch {
            throw .damaged(error.description)
        }
    }
}
