// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// `tools/interop` has PyTorch itself load what is written here.
@Suite struct PyTorchWritingTests {
    private func written(_ content: WeightContent) throws -> WeightFile {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("model.pt").path
            try WeightFile.write(content, as: .pytorch, to: path)
            #expect(try WeightFile.problems(path, full: true) == [])
            return try WeightFile.open(path)
        }
    }

    @Test(arguments: ["types", "strides", "state", "checkpoint", "big-endian"])
    func whatIsWrittenReadsBackTheSame(name: String) throws {
        let source = try WeightFile.open(fixture("pytorch/\(name).pt"))
        let file = try written(WeightContent(entries: source.entries, metadata: source.metadata))
        #expect(file.entries.map(\.name) == source.entries.map(\.name))
        #expect(file.entries.map(\.sharedWith) == source.entries.map(\.sharedWith))
        #expect(file.metadata == source.metadata)
        for (found, expected) in zip(file.entries, source.entries) {
            let tensor = try found.tensor()
            #expect(try tensor == expected.tensor(), "\(found.name)")
            #expect(tensor.isMapped)
        }
    }

    @Test func storagesAreAlignedAndTiesAreStoredOnce() throws {
        let source = try WeightFile.open(fixture("pytorch/state.pt"))
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("model.pt").path
            try WeightFile.write(WeightContent(entries: source.entries), as: .pytorch, to: path)
            let zip = try ZipArchive(ByteRegion(mappingFile: path), path: path)
            let storages = zip.members.filter { $0.name.hasPrefix("archive/data/") }
            #expect(storages.count == source.entries.count - 1)
            for storage in storages { #expect(storage.range.lowerBound % 64 == 0) }
            for name in ["version", "byteorder", ".format_version", ".storage_alignment"] {
                #expect(zip["archive/" + name] != nil, "\(name)")
            }
            #expect(zip["archive/extra/retort.json"] == nil)
        }
    }

    @Test func equalContentGivesEqualBytes() throws {
        let source = try WeightFile.open(fixture("pytorch/checkpoint.pt"))
        let content = WeightContent(entries: source.entries, metadata: source.metadata)
        try withTemporaryDirectory { folder in
            let paths = ["a.pt", "b.pt"].map { folder.appendingPathComponent($0).path }
            for path in paths { try WeightFile.write(content, as: .pytorch, to: path) }
            let contents = try paths.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
            #expect(contents[0] == contents[1])
        }
    }

    @Test func manyTensorsAndLargeShapesReadBack() throws {
        let entries = (0..<2_500).map { index in
            WeightEntry(
                name: "layer.\(index)", tensor: Tensor([Float(index)], shape: [1, 1, 1, 1]))
        }
        let wide = Tensor(
            trusted: .u8, shape: [70_000], values: (0..<70_000).map { UInt8($0 % 251) })
        let file = try written(
            WeightContent(entries: entries + [WeightEntry(name: "wide", tensor: wide)]))
        #expect(file.entries.count == 2_501)
        #expect(try #require(file["layer.2499"]).tensor().floats() == [2499])
        #expect(try #require(file["wide"]).tensor() == wide)
    }

    @Test func aTieThatHoldsNoLongerIsBroken() throws {
        let first = WeightEntry(name: "a", tensor: Tensor([1, 2], shape: [2]))
        var equal = WeightEntry(name: "b", tensor: Tensor([1, 2], shape: [2]))
        var changed = WeightEntry(name: "c", tensor: Tensor([1, 3], shape: [2]))
        var reshaped = WeightEntry(name: "d", tensor: Tensor([1, 2], shape: [1, 2]))
        equal.sharedWith = "a"
        changed.sharedWith = "a"
        reshaped.sharedWith = "a"
        let file = try written(WeightContent(entries: [first, equal, changed, reshaped]))
        #expect(file.entries.map(\.sharedWith) == [nil, "a", nil, nil])
        #expect(try #require(file["c"]).tensor().floats() == [1, 3])
    }

    @Test func twoSpellingsOfALetterAreTwoNames() throws {
        let entries = ["caf\u{e9}", "cafe\u{301}"].map {
            WeightEntry(name: $0, tensor: Tensor([Float($0.utf8.count)], shape: [1]))
        }
        let file = try written(WeightContent(entries: entries))
        #expect(file.entries.map { Array($0.name.utf8) } == entries.map { Array($0.name.utf8) })
    }

    @Test func metadataSourceNamesAndTheModelAreKept() throws {
        var entry = WeightEntry(name: "a", tensor: Tensor([1], shape: [1]))
        entry.sourceName = "layers/a/vars/0"
        let metadata: [String: JSON] = ["epoch": 3, "note": "\u{e9}", "list": [1, 0.5, nil]]
        let file = try written(
            WeightContent(
                entries: [entry], metadata: metadata,
                model: ModelDescription(source: ["class_name": "Sequential"])))
        #expect(file.metadata == metadata)
        #expect(file.model?.source == ["class_name": "Sequential"])
        #expect(file["a"]?.sourceName == "layers/a/vars/0")
    }

    @Test func whatCannotBeWrittenLeavesTheOldFile() throws {
        let listed = try WeightFile.open(fixture("pytorch/listed.pt"))
        let twice = [
            WeightEntry(name: "a", tensor: Tensor([1], shape: [1])),
            WeightEntry(name: "a", tensor: Tensor([2], shape: [1])),
        ]
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("model.pt").path
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            for entries in [listed.entries, twice] {
                #expect(throws: InterchangeError.self) {
                    try WeightFile.write(
                        WeightContent(entries: entries), as: .pytorch, to: path)
                }
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
        }
    }
}
