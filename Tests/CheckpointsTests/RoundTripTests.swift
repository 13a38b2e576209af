// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Tensors
import Testing
import TestSupport

@Suite struct RoundTripTests {
    @Test func aCheckpointReadsBackAsItWasWritten() throws {
        try withStorePath { path in
            var content = Sample.checkpoint(parents: [Sample.digest("a"), Sample.digest("b")])
            content.optimizer = Sample.tensors(scale: 3)
            var digest: Digest?
            try makeStore(at: path) { digest = try $0.append(checkpoint: content, named: "net") }
            let checkpoint = try Store.open(path: path).checkpoint(named: "net")
            #expect(checkpoint.digest == digest)
            #expect(checkpoint.tensors == content.tensors)
            #expect(checkpoint.optimizer == content.optimizer)
            #expect(checkpoint.architecture == content.architecture)
            #expect(checkpoint.metadata == content.metadata)
            #expect(checkpoint.parents == content.parents)
            #expect(checkpoint.dataDigest == Sample.data)
            #expect(checkpoint.axes == content.axes && checkpoint.roles == content.roles)
            #expect(checkpoint.manifest.map(\.name) == content.tensors.names)
            let age = try #require(ISO8601DateFormatter().date(from: checkpoint.created))
            #expect(abs(age.timeIntervalSinceNow) < 60)
        }
    }

    @Test func everyElementTypeSurvivesAsAViewOfTheFile() throws {
        try withStorePath { path in
            let tensors = try Sample.everyType()
            try makeStore(at: path) {
                try $0.append(checkpoint: CheckpointContent(tensors: tensors), named: "all")
            }
            let store = try Store.open(path: path)
            let read = try store.checkpoint(named: "all")
            #expect(read.tensors == tensors)
            #expect(read.architecture == .null && read.parents == [] && read.dataDigest == nil)
            #expect(read.optimizer == nil)
            for (name, tensor) in read.tensors where tensor.elementType.isNumeric {
                #expect(tensor.isMapped || tensor.byteCount == 0, "\(name) was copied")
            }
            #expect(store.verify(full: true) == [])
        }
    }

    @Test func weightsLieAtMultiplesOf64Bytes() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let tensors = try Store.open(path: path).checkpoint(named: "net").tensors
            for (name, tensor) in tensors {
                let address = tensor.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
                #expect(address % 64 == 0, "\(name)")
            }
        }
    }

    @Test(arguments: [ElementType.f16, .f32])
    func softLabelsAreCentred(precision: ElementType) throws {
        try withStorePath { path in
            var content = Sample.softLabels()
            content.precision = precision
            content.augmentationSeed = .max
            try makeStore(at: path) { try $0.append(softLabels: content, named: "cache") }
            let labels = try Store.open(path: path).softLabels(named: "cache")
            #expect(labels.precision == precision)
            #expect(try labels.logits().floats() == [-2, -1, 0, 0, -10, -20])
            #expect(try labels.rowIndex() == content.rowIndex)
            #expect(try labels.rowDigests() == content.rowDigests)
            #expect(labels.augmentationSeed == .max)
            #expect(labels.metadata["temperature"] == 40)
        }
    }

    @Test func hugeLogitsStayFiniteInHalfPrecision() throws {
        try withStorePath { path in
            var content = Sample.softLabels()
            content.logits = Tensor([1e9, 0, -1e9, 5, 6, 7], shape: [2, 3])
            try makeStore(at: path) { try $0.append(softLabels: content, named: "cache") }
            let labels = try Store.open(path: path).softLabels(named: "cache")
            #expect(try labels.logits().floats() == [0, -65504, -65504, -2, -1, 0])
        }
    }

    @Test func anAdversarialSetReadsBackExactly() throws {
        try withStorePath { path in
            let content = Sample.adversarialSet()
            try makeStore(at: path) { try $0.append(adversarialSet: content, named: "fgsm") }
            let set = try Store.open(path: path).adversarialSet(named: "fgsm")
            #expect(try set.adversarial() == content.adversarial)
            #expect(try set.clean() == content.clean)
            #expect(try set.adversarial(rows: 1..<3) == content.adversarial.rows(1..<3))
            #expect(set.labels == content.labels && set.targets == [-1, -1, -1, -1])
            #expect(set.status == content.status && set.statusNames == content.statusNames)
            #expect(set.margin == content.margin && set.distance == content.distance)
            #expect(set.rowIndex == content.rowIndex && set.count == 4)
            #expect(set.sourceDigest == Sample.teacher && set.dataDigest == Sample.data)
            #expect(set.metadata["attack"] == "fgsm")
        }
    }

    @Test func identicalCleanInputsAreStoredOnce() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(adversarialSet: Sample.adversarialSet(), named: "one")
            }
            let before = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            let writer = try StoreWriter.open(path: path)
            try writer.append(adversarialSet: Sample.adversarialSet(shift: 0.5), named: "two")
            try writer.append(adversarialSet: Sample.adversarialSet(shift: 0.5), named: "three")
            try writer.commit()
            // The array outlives the set that brought it.
            try writer.remove(.adversarialSet, named: "one")
            try writer.commit()
            writer.close()
            let store = try Store.open(path: path)
            #expect(before != nil && store.verify(full: true) == [])
            #expect(
                try store.adversarialSet(named: "three").clean() == Sample.adversarialSet().clean)
            let digests = store.adversarialSets.map(\.digest)
            #expect(digests.count == 2 && digests[0] == digests[1])
        }
    }

    @Test func aDatasetReadsBackWithItsOwnDigest() throws {
        try withStorePath { path in
            var digest: Digest?
            try makeStore(at: path) {
                digest = try $0.append(
                    dataset: DatasetContent(images: Sample.images, metadata: ["from": "here"]),
                    named: "blocks")
            }
            let dataset = try Store.open(path: path).dataset(named: "blocks")
            let images = try dataset.images()
            #expect(digest == Sample.images.digest() && dataset.digest == digest)
            #expect(images.images == Sample.images.images && images.labels == Sample.images.labels)
            #expect(images.classNames == Sample.images.classNames && images.classCount == 3)
            #expect(try dataset.images(rows: 1..<3).labels == [1, 2])
            #expect(dataset.metadata["from"] == "here")
        }
    }

    @Test func equalWeightsHaveEqualDigestsWhateverTheOrderAndMetadata() throws {
        try withStorePath { path in
            var reordered = NamedTensors()
            for name in Sample.tensors().names.reversed() {
                reordered[name] = Sample.tensors()[name]
            }
            let architecture = Sample.checkpoint().architecture
            try makeStore(at: path) { writer in
                let first = try writer.append(checkpoint: Sample.checkpoint(), named: "a")
                let second = try writer.append(
                    checkpoint: CheckpointContent(tensors: reordered, architecture: architecture),
                    named: "b")
                let other = try writer.append(checkpoint: Sample.checkpoint(scale: 2), named: "c")
                let bare = try writer.append(
                    checkpoint: CheckpointContent(tensors: reordered), named: "d")
                #expect(first == second)
                #expect(Set([first, other, bare]).count == 3)
                #expect(writer.entries(withDigest: first).map(\.name.base) == ["a", "b"])
            }
        }
    }

    @Test func anEmptyStoreIsAStore() throws {
        try withStorePath { path in
            try makeStore(at: path) { _ in }
            let store = try Store.open(path: path)
            #expect(store.entries.isEmpty && store.verify(full: true) == [])
            #expect(store.writer == "retort")
        }
    }
}
