// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct ForeignLogitsTests {
    @Test(arguments: ["logits.npy", "logits.pt"])
    func logitsAreFound(name: String) throws {
        let found = try ForeignLogits.read(SetFixtures.path(name))
        #expect(found.logits.shape == [10, 4])
        #expect(try found.logits.floats() == SetFixtures().floats("logits"))
    }

    @Test func probabilitiesAreRefused() throws {
        let error = #expect(throws: InterchangeError.self) {
            try ForeignLogits.read(SetFixtures.path("probabilities.npy"))
        }
        #expect(error?.problem.contains("probabilities") == true)
        #expect(error?.problem.contains("temperature") == true)
    }

    @Test func labelsAreNoLogits() {
        let error = #expect(throws: InterchangeError.self) {
            try ForeignLogits.read(SetFixtures.path("labels.npy"))
        }
        #expect(error?.problem.contains("(rows, classes)") == true)
    }

    @Test func dictionariesComeBack() throws {
        let logits = try ForeignLogits.read(SetFixtures.path("logits.npy")).logits
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("logits.pt").path
            let digests = Tensor(
                trusted: .u8, shape: [10, 16], values: [UInt8](repeating: 7, count: 160))
            try ForeignLogits(logits: logits, rowIndex: Array(5..<15), rowDigests: digests)
                .write(as: .pytorch, to: path)
            let back = try ForeignLogits.read(path)
            #expect(back.logits == logits)
            #expect(back.rowIndex == Array(5..<15))
            #expect(back.rowDigests == digests)
        }
    }
}
