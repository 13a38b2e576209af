// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Changed bytes may be refused or read as other numbers; they may never crash or hang.
@Suite struct MutationTests {
    @Test(arguments: [
        "npy/f32.npy", "npy/i16-fortran.npy", "npy/u32-big-endian.npy", "npy/version-3.npy",
        "npy/refused-records.npy", "idx/mnist/train-images-idx3-ubyte.gz", "idx/every-field.gz",
        "idx/mnist/t10k-images-idx3-ubyte", "idx/f64.idx", "cifar/data_batch_1.bin.gz",
    ])
    func changedFilesNeverCrash(path: String) throws {
        let whole = try ByteRegion(mappingFile: fixture(path))
        var random = RandomStream(seed: 7, purpose: .test)
        var refused = 0
        for _ in 0..<3_000 {
            var bytes = Array(whole.bytes)
            for _ in 0..<(1 + random.integer(below: 3)) {
                let position = random.integer(below: min(bytes.count, 200))
                switch random.integer(below: 5) {
                case 0: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
                case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next())
                case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
                case 3: bytes.remove(at: position)
                default: bytes.removeLast(1 + random.integer(below: min(20, bytes.count - 10)))
                }
                if bytes.count < 20 { break }
            }
            let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
            if !accepts(region, path: path) { refused += 1 }
        }
        #expect(refused > 0)
    }

    private func accepts(_ region: ByteRegion, path: String) -> Bool {
        do throws(InterchangeError) {
            if path.hasPrefix("npy") {
                _ = try NPY.parse(region, path: path)
            } else if path.hasPrefix("idx") {
                _ = try IDX.parse(region, path: path)
            } else {
                let batch = try CIFAR10Batch(region, path: path)
                _ = try CIFAR10Folder.images(of: [batch], folder: path)
            }
            return true
        } catch {
            #expect(!error.description.isEmpty)
            return false
        }
    }

    @Test func everyTruncationOfAGzipFileIsRefused() throws {
        let whole = try ByteRegion(
            mappingFile: fixture("idx/mnist/train-images-idx3-ubyte.gz"))
        for count in 0..<whole.count {
            let cut = ByteRegion(copying: UnsafeRawBufferPointer(rebasing: whole.bytes[..<count]))
            #expect(throws: InterchangeError.self) { try IDX.parse(cut, path: "x") }
        }
    }
}
