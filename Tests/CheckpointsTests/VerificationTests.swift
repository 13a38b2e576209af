// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import HDF5
import Tensors
import Testing
import TestSupport

@Suite struct VerificationTests {
    /// Flips one bit of the first place where `pattern` occurs in the file.
    private func flip(_ pattern: [UInt8], at offset: Int = 0, in path: String) throws {
        let url = URL(fileURLWithPath: path)
        var bytes = try Data(contentsOf: url)
        let place = try #require(bytes.firstRange(of: Data(pattern)))
        bytes[place.lowerBound + offset] ^= 0x10
        try bytes.write(to: url)
    }

    private func bytes(_ tensor: Tensor?) throws -> [UInt8] {
        try #require(tensor).withUnsafeBytes { Array($0) }
    }

    @Test func aFlippedBitNamesTheTensor() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                try writer.append(checkpoint: Sample.checkpoint(), named: "net@1")
                try writer.link(.checkpoint, named: "net@1", as: "net")
                try writer.append(checkpoint: Sample.checkpoint(scale: 2), named: "other")
            }
            try flip(try bytes(Sample.tensors()["conv1/weight"]), at: 40, in: path)
            let store = try Store.open(path: path)
            #expect(store.verify(full: false) == [])
            let problems = store.verify(full: true)
            #expect(problems.map(\.object) == ["/checkpoints/net/tensors/conv1/weight"])
            #expect(problems.first?.problem.contains("its bytes have changed") == true)
            // And it is not copied anywhere.
            try withStorePath { target in
                try makeStore(at: target) { writer in
                    let error = storeError {
                        try writer.copy(.checkpoint, named: "net", from: store)
                    }
                    #expect(error?.problem.contains("cannot be copied") == true)
                    try writer.copy(.checkpoint, named: "other", from: store)
                }
                let copy = try Store.open(path: target)
                #expect(copy.entries.map(\.path) == ["/checkpoints/other"])
                #expect(copy.verify(full: true) == [])
            }
        }
    }

    @Test func aFlippedBitInOptimizerStateIsFound() throws {
        try withStorePath { path in
            var content = Sample.checkpoint()
            content.optimizer = NamedTensors()
            content.optimizer?["momentum/conv1/weight"] = Tensor([9, 8, 7, 6], shape: [4])
            try makeStore(at: path) { try $0.append(checkpoint: content, named: "net") }
            try flip(try bytes(content.optimizer?["momentum/conv1/weight"]), in: path)
            let problems = try Store.open(path: path).verify(full: true)
            #expect(
                problems.map(\.object) == ["/checkpoints/net/optimizer/momentum/conv1/weight"])
        }
    }

    @Test(arguments: ["accuracy", "conv1"])
    func aFlippedBitInMetadataOrArchitectureIsFoundWithoutReadingTensors(word: String) throws {
        try withStorePath { path in
            var tensors = NamedTensors()
            tensors["w"] = Tensor([1], shape: [1])
            let content = CheckpointContent(
                tensors: tensors, architecture: ["nodes": [["name": "conv1"]]],
                metadata: ["accuracy": 1])
            try makeStore(at: path) { try $0.append(checkpoint: content, named: "net") }
            try flip(Array("\"\(word)\"".utf8), at: 2, in: path)
            let problems = try Store.open(path: path).verify(full: false)
            #expect(problems.map(\.object) == ["/checkpoints/net"])
        }
    }

    @Test func damagedChunksAreFoundAndNamed() throws {
        try withStorePath { path in
            let content = Sample.adversarialSet()
            try makeStore(at: path) { try $0.append(adversarialSet: content, named: "set") }
            let file = try HDF5File(path: path)
            let dataset = try #require(file.object(at: "/adversarial/set/adversarial")?.dataset)
            #expect(dataset.storedByteCount > 8)
            // Somewhere in the file lies its only chunk: flip bits until verification objects.
            let sound = try Data(contentsOf: URL(fileURLWithPath: path))
            var found = false
            for offset in stride(from: 2048, to: sound.count, by: 61) where !found {
                var damaged = sound
                damaged[offset] ^= 1
                try damaged.write(to: URL(fileURLWithPath: path))
                guard let store = try? Store.open(path: path) else { continue }
                found = store.verify(full: true).contains {
                    $0.object.hasSuffix("adversarial/set/adversarial")
                }
            }
            #expect(found)
        }
    }

    @Test func everyByteOfAStoreIsGuarded() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                try writer.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let sound = try Data(contentsOf: URL(fileURLWithPath: path))
            var unnoticed = 0
            var tried = 0
            let reference = try Store.open(path: path).checkpoint(named: "net")
            for offset in stride(from: 0, to: sound.count, by: 53) {
                var damaged = sound
                damaged[offset] ^= 0x04
                try damaged.write(to: URL(fileURLWithPath: path))
                tried += 1
                guard let store = try? Store.open(path: path), store.verify(full: true).isEmpty
                else { continue }
                // Padding and unused space: what is read must be what was written.
                unnoticed += 1
                let read = try store.checkpoint(named: "net")
                #expect(read.tensors == reference.tensors, "byte \(offset)")
                #expect(read.metadata == reference.metadata, "byte \(offset)")
                #expect(read.architecture == reference.architecture, "byte \(offset)")
                #expect(read.digest == reference.digest, "byte \(offset)")
            }
            #expect(tried > 50 && unnoticed < tried)
        }
    }
}
