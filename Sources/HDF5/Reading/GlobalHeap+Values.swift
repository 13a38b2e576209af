// SPDX-License-Identifier: Apache-2.0

import Tensors

extension GlobalHeap {
    /// The strings that 16-byte references stand for.
    mutating func texts(
        _ references: UnsafeRawBufferPointer, count: Int
    ) throws(HDF5Error) -> [String] {
        var cursor = ByteCursor(references)
        var texts: [String] = []
        texts.reserveCapacity(count)
        for _ in 0..<count {
            let bytes = try value(&cursor)
            texts.append(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
        return texts
    }

    /// The sequences of numbers that 16-byte references stand for, each of one axis.
    mutating func sequences(
        of base: HDF5Datatype, _ references: UnsafeRawBufferPointer, count: Int
    ) throws(HDF5Error) -> [Tensor] {
        var cursor = ByteCursor(references)
        var sequences: [Tensor] = []
        sequences.reserveCapacity(count)
        for _ in 0..<count {
            let bytes = try value(&cursor, elementByteCount: base.byteCount)
            let elements = Elements(
                region: ByteRegion(copying: bytes), offset: 0,
                shape: [bytes.count / base.byteCount], datatype: base)
            sequences.append(try elements.tensor(as: base.elementType))
        }
        return sequences
    }
}
