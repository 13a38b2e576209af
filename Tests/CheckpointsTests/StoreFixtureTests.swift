// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Tensors
import Testing
import TestSupport

/// `Fixtures/store/sample.h5` was written by h5py from `docs/store-format.md`; the digests in
/// `expected.json` come from Python's hashlib.
@Suite struct StoreFixtureTests {
    let store: Store
    let expected: JSON

    init() throws {
        store = try Store.open(path: fixture("store/sample.h5"))
        expected = try JSON(
            parsing: String(contentsOfFile: fixture("store/expected.json"), encoding: .utf8))
    }

    @Test func aStoreWrittenWithH5pyIsListed() throws {
        #expect(store.unlisted == [])
        #expect(store.writer == "make.py")
        #expect(store.checkpoints.map(\.name.description) == ["teacher", "teacher@2"])
        #expect(store.softLabels.map(\.name.description) == ["cache"])
        #expect(store.adversarialSets.map(\.name.description) == ["fgsm", "pgd"])
        #expect(store.datasets.map(\.name.description) == ["blocks"])
        for entry in store.entries where entry.name.base != "teacher" || entry.name.epoch != nil {
            let key = String(entry.path.dropFirst())
            #expect(entry.digest.hexadecimal == expected[key]?.stringValue, "\(key)")
        }
        let alias = try #require(store.entry(.checkpoint, named: "teacher"))
        #expect(store.otherNames(of: alias).map(\.name.description) == ["teacher@2"])
    }

    @Test func aStoreWrittenWithH5pyIsSound() {
        #expect(store.verify(full: true) == [])
    }

    @Test func tensorsAndTheirDigestsAreWhatPythonSays() throws {
        let checkpoint = try store.checkpoint(named: "teacher")
        #expect(checkpoint.created == "2026-01-02T03:05:06Z")
        #expect(checkpoint.architecture["nodes"]?.arrayValue?.count == 1)
        #expect(checkpoint.metadata["note"]?.stringValue == "é \"quoted\"")
        #expect(checkpoint.axes == ["conv1/weight": "OIHW", "conv1/bias": "C"])
        #expect(checkpoint.roles["conv1/bias"] == "bias")
        for (name, tensor) in checkpoint.tensors {
            let digest = tensor.digest().hexadecimal
            #expect(digest == expected["tensors/" + name]?.stringValue, "\(name)")
        }
        #expect(checkpoint.tensors.names.count == 8)
        let weight = try #require(checkpoint.tensors["conv1/weight"])
        #expect(try weight.floats() == (0..<18).map { Float($0) / 7 })
        #expect(checkpoint.tensors["bf16"]?.elementType == .bf16)
        #expect(checkpoint.tensors["fp8"]?.elementType == .f8e4m3)
        #expect(checkpoint.tensors["mask"]?.elementType == .bool)
        #expect(checkpoint.tensors["steps"]?.shape == .scalar)
        #expect(checkpoint.tensors["empty"]?.shape == [0, 3])
        #expect(checkpoint.optimizer?.names == ["momentum/conv1/weight"])
    }

    @Test func softLabelsCarryTheirReferencesAndSeed() throws {
        let labels = try store.softLabels(named: "cache")
        #expect(labels.count == 6 && labels.classCount == 3 && labels.precision == .f16)
        #expect(labels.augmentationSeed == UInt64.max - 2)
        #expect(labels.teacherDigest == store.entry(.checkpoint, named: "teacher")?.digest)
        #expect(labels.dataDigest == store.entry(.dataset, named: "blocks")?.digest)
        #expect(try labels.rowIndex() == Array(0..<6))
        let data = try store.dataset(named: "blocks").images()
        #expect(try labels.rowDigests() == data.rowDigests())
        let logits = try labels.logits().floats()
        for row in 0..<6 { #expect(logits[(row * 3)..<(row * 3 + 3)].max() == 0) }
        #expect(try labels.logits(rows: 2..<4).floats() == Array(logits[6..<12]))
    }

    @Test func adversarialSetsAndDatasetsReadBack() throws {
        let pgd = try store.adversarialSet(named: "pgd")
        #expect(pgd.labels == [0, 1, 2, 0] && pgd.targets == [-1, -1, 1, 2])
        #expect(pgd.statusNames == ["failed", "succeeded"] && pgd.status == [0, 1, 1, 0])
        #expect(pgd.distance.elementType == .f64)
        #expect(try pgd.clean() == store.adversarialSet(named: "fgsm").clean())
        let images = try store.dataset(named: "blocks").images()
        #expect(images.digest() == store.entry(.dataset, named: "blocks")?.digest)
        #expect(images.classNames == ["zero", "one", "zwei"])
        #expect(images.labels == [0, 1, 2, 0, 1, 2])
        let pixels = try pgd.clean(rows: 1..<2).floats()
        expectClose(pixels, images.pixels(1..<2), "clean row 1")
        #expect(try store.dataset(named: "blocks").images(rows: 2..<4).labels == [2, 0])
    }

    @Test func theSameContentWrittenHereHasTheDigestsPythonComputed() throws {
        try withStorePath { path in
            let teacher = try store.checkpoint(named: "teacher@2")
            let dataset = try store.dataset(named: "blocks")
            try makeStore(at: path) { writer in
                let digest = try writer.append(
                    checkpoint: CheckpointContent(
                        tensors: teacher.tensors, architecture: teacher.architecture),
                    named: "again")
                #expect(digest == teacher.digest)
                let content = DatasetContent(images: try dataset.images())
                #expect(try writer.append(dataset: content, named: "blocks") == dataset.digest)
                for name in ["fgsm", "pgd"] {
                    let set = try store.adversarialSet(named: name)
                    let digest = try writer.append(
                        adversarialSet: AdversarialSetContent(
                            adversarial: set.adversarial(), clean: set.clean(),
                            labels: set.labels, targets: set.targets, status: set.status,
                            statusNames: set.statusNames, margin: set.margin,
                            distance: set.distance, rowIndex: set.rowIndex,
                            sourceDigest: set.sourceDigest, dataDigest: set.dataDigest,
                            metadata: [:]), named: name)
                    #expect(digest == set.digest)
                }
                let labels = try store.softLabels(named: "cache")
                let cache = try writer.append(
                    softLabels: SoftLabelsContent(
                        logits: labels.logits(), rowIndex: labels.rowIndex(),
                        rowDigests: labels.rowDigests(), teacherDigest: labels.teacherDigest,
                        dataDigest: labels.dataDigest,
                        augmentationSeed: labels.augmentationSeed), named: "cache")
                #expect(cache == labels.digest)
            }
            #expect(try Store.open(path: path).verify(full: true) == [])
        }
    }
}
