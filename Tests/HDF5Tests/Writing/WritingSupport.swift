// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

/// A tensor whose bytes follow no simple pattern; only zeros and ones for BOOL.
func patterned(_ type: ElementType, _ shape: Shape, seed: UInt32 = 1) throws -> Tensor {
    var state = seed
    return try Tensor(type, shape: shape) { bytes in
        for index in bytes.indices {
            state = state &* 1_664_525 &+ 1_013_904_223
            bytes[index] = type == .bool ? UInt8(state >> 31) : UInt8(state >> 24)
        }
    }
}

/// Writes a new file, commits it, and reads it back.
func withWritten(
    write: (HDF5Writer) throws -> Void, read: (HDF5File) throws -> Void
) throws {
    try withTemporaryDirectory { folder in
        let path = folder.appendingPathComponent("written.h5").path
        let writer = try HDF5Writer.create(path: path)
        try write(writer)
        try writer.commit()
        writer.close()
        try read(HDF5File(path: path))
    }
}

extension HDF5File {
    func dataset(at path: String) throws -> HDF5Dataset {
        try #require(object(at: path)?.dataset, "\(path) is not there")
    }

    func tensor(at path: String) throws -> Tensor {
        try dataset(at: path).tensor()
    }
}

extension HDF5Group {
    func value(_ attribute: String) throws -> HDF5Attribute {
        try #require(self.attribute(attribute), "attribute \(attribute) is not there")
    }
}
