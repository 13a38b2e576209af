// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Working on files that are larger than memory.
@Suite struct MappedFileTests {
    @Test(arguments: [0, 1, 4096, 1 << 20, (3 << 20) + 5])
    func aFileHasTheDigestOfItsBytes(count: Int) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x").path
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(try Digest(hashingFile: path) == Digest(hashing: bytes))
        }
        #expect(throws: TensorError.self) { try Digest(hashingFile: "/nowhere/x") }
    }

    @Test func releasedPagesAreReadAgain() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x").path
            let values = (0..<(1 << 16)).map { Float($0) }
            try values.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: path))
            let region = try ByteRegion(mappingFile: path)
            let tensor = try Tensor(.f32, shape: [1 << 16], viewing: region)
            let part = try tensor.rows(1000..<50_000)
            let digest = tensor.digest()
            tensor.releasePages()
            part.releasePages()
            #expect(tensor.digest() == digest)
            #expect(try part.floats() == Array(values[1000..<50_000]))
        }
    }

    /// What a journal laid over a file is in memory alone, and owned bytes have no file at all.
    @Test func patchedAndOwnedBytesAreKept() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x").path
            try Data(repeating: 1, count: 3 * 4096).write(to: URL(fileURLWithPath: path))
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            let region = try ByteRegion(mapping: descriptor, count: 3 * 4096, name: path) {
                $0[5000] = 7
            }
            ByteRegion(part: 0..<(3 * 4096), of: region).releasePages()
            #expect(region.bytes[5000] == 7)
            let owned = Tensor([1, 2, 3], shape: [3])
            owned.releasePages()
            #expect(try owned.floats() == [1, 2, 3])
        }
    }
}
