// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct SafetensorsShardsTests {
    private static let indexName = "model.safetensors.index.json"
    private static let shardNames = (1...2).map { "model-0000\($0)-of-00002.safetensors" }

    private func open(_ path: String) throws -> WeightFile {
        try SafetensorsShards.open(InputFile.map(path), path: path)
    }

    private func problems(_ path: String) throws -> [FileProblem] {
        try SafetensorsShards.problems(InputFile.map(path), path: path, full: true)
    }

    /// A copy of the fixture, whose index `change` may rewrite.
    private func withModel(
        _ change: (inout String) -> Void = { _ in },
        _ body: (_ index: String, _ folder: URL) throws -> Void
    ) throws {
        try withTemporaryDirectory { parent in
            let folder = parent.appendingPathComponent("model")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false)
            for name in Self.shardNames {
                try FileManager.default.copyItem(
                    atPath: fixture("safetensors/\(name)"),
                    toPath: folder.appendingPathComponent(name).path)
            }
            var text = try String(
                contentsOfFile: fixture("safetensors/\(Self.indexName)"), encoding: .utf8)
            change(&text)
            let index = folder.appendingPathComponent(Self.indexName)
            try Data(text.utf8).write(to: index)
            try body(index.path, folder)
        }
    }

    @Test func aModelOfTwoShardsIsRead() throws {
        let path = fixture("safetensors/\(Self.indexName)")
        #expect(try WeightFormat.recognise(InputFile.map(path), path: path) == .shardedSafetensors)
        let file = try open(path)
        #expect(
            file.entries.map(\.name) == [
                "embed.weight", "head.weight", "layer.0.bias", "layer.1.bias",
            ])
        #expect(try file["embed.weight"]?.tensor().floats() == (0..<8).map(Float.init))
        #expect(try file["layer.1.bias"]?.tensor().floats() == [1, 1])
        #expect(file.metadata == ["format": "pt", "total_size": 56])
        #expect(file.remarks.isEmpty)
        #expect(try problems(path).isEmpty)
        #expect(file.byteCount == 56 + (try #require(file.metadataByteCount)))
    }

    static let changes: [(String, String, String)] = [
        ("\"embed.weight\": \"model-00001", "\"embed.weight\": \"model-00002", "expected it in"),
        ("\"embed.weight\": ", "\"embed.other\": ", "embed.weight"),
        ("\"head.weight\": ", "\"embed.weight\": ", "stands twice"),
        ("model-00001-of-00002", "model-00003-of-00002", "is not there"),
        ("model-00001-of-00002", "../model-00001-of-00002", "in the same folder"),
        ("model-00001-of-00002.safetensors", "/etc/passwd", "in the same folder"),
        ("model-00001-of-00002.safetensors", ".", "in the same folder"),
        ("model-00001-of-00002.safetensors", "model.safetensors.index.json", "header"),
        ("\"model-00001-of-00002.safetensors\"", "[\"a\"]", "expected a string"),
        ("\"total_size\": 56", "\"total_size\": 56}, \"metadata\": {", "twice"),
    ]

    @Test(arguments: changes)
    func indexesThatDoNotFitTheShardsAreRefused(
        old: String, new: String, words: String
    ) throws {
        try withModel({ $0 = $0.replacingOccurrences(of: old, with: new) }) { index, _ in
            let error = #expect(throws: InterchangeError.self) { try open(index) }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
            let problems = try problems(index)
            #expect(problems.contains { $0.description.contains(words) }, "\(problems)")
        }
    }

    @Test func aTensorThatNoIndexNamesIsRefused() throws {
        try withModel({ text in
            text = text.split(separator: "\n").filter { !$0.contains("layer.0.bias") }
                .joined(separator: "\n")
        }) { index, _ in
            let error = #expect(throws: InterchangeError.self) { try open(index) }
            #expect(error?.description.contains("the index does not name it") == true)
            let problems = try problems(index)
            #expect(problems.map(\.object) == ["layer.0.bias"])
        }
    }

    @Test func aWrongTotalIsAProblemAndNoObstacle() throws {
        try withModel({ $0 = $0.replacingOccurrences(of: "56", with: "57") }) { index, _ in
            let file = try open(index)
            #expect(file.remarks.count == 1)
            #expect(try problems(index).map(\.object) == ["metadata"])
        }
    }

    @Test func aShardThatIsMissingOrDamagedIsNamed() throws {
        try withModel { index, folder in
            let shard = folder.appendingPathComponent(Self.shardNames[0])
            let whole = try Data(contentsOf: shard)
            try whole.dropLast().write(to: shard)
            #expect(throws: InterchangeError.self) { try open(index) }
            #expect(try problems(index).allSatisfy { $0.object.hasPrefix(Self.shardNames[0]) })
            try FileManager.default.removeItem(at: shard)
            let error = #expect(throws: InterchangeError.self) { try open(index) }
            #expect(error?.description.contains("'\(Self.shardNames[0])'") == true)
            #expect(try problems(index).map(\.object) == [Self.shardNames[0]])
        }
    }

    @Test func linksOutOfTheFolderAreRefused() throws {
        try withModel { index, folder in
            let shard = folder.appendingPathComponent(Self.shardNames[0])
            let outside = folder.deletingLastPathComponent().appendingPathComponent("outside")
            try FileManager.default.moveItem(at: shard, to: outside)
            try FileManager.default.createSymbolicLink(at: shard, withDestinationURL: outside)
            let error = #expect(throws: InterchangeError.self) { try open(index) }
            #expect(error?.description.contains("a link out of its folder") == true)
            #expect(try problems(index).map(\.object) == [Self.shardNames[0]])
        }
    }

    /// The cache of `huggingface_hub`: a folder of links to files that lie in one other folder.
    @Test func aFolderOfLinksIntoOneOtherFolderIsRead() throws {
        try withModel { index, folder in
            let snapshot = folder.deletingLastPathComponent().appendingPathComponent("snapshot")
            try FileManager.default.createDirectory(
                at: snapshot, withIntermediateDirectories: false)
            for name in Self.shardNames + [Self.indexName] {
                try FileManager.default.createSymbolicLink(
                    at: snapshot.appendingPathComponent(name),
                    withDestinationURL: folder.appendingPathComponent(name))
            }
            #expect(try open(snapshot.path + "/" + Self.indexName).entries.count == 4)
        }
    }

    @Test func shardsAreFilledInTheOrderOfNamesAndReadBack() throws {
        let tensors = (0..<12).map { index in
            WeightEntry(
                name: "layer.\(index).weight",
                tensor: Tensor(
                    [Float](repeating: Float(index), count: index + 1), shape: [index + 1]))
        }
        let content = WeightContent(
            entries: tensors.shuffled(), metadata: ["note": "x", "graph": ["a": 1]])
        try withTemporaryDirectory { folder in
            let index = folder.appendingPathComponent("m.safetensors.index.json").path
            try SafetensorsShards.write(content, to: index, maximumShardBytes: 100)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(
                names == (1...4).map { "m-0000\($0)-of-00004.safetensors" } + [
                    "m.safetensors.index.json"
                ])
            let file = try open(index)
            #expect(file.entries.map(\.name) == tensors.map(\.name))
            for (left, right) in zip(file.entries, tensors) {
                #expect(try left.tensor() == right.tensor())
            }
            #expect(
                file.metadata == [
                    "format": "pt", "note": "x", "graph": ["a": 1], "total_size": 312,
                ])
            #expect(try problems(index).isEmpty)
            let first = folder.appendingPathComponent(names[0]).path
            let shard = try SafetensorsFile.open(InputFile.map(first), path: first)
            #expect(shard.entries.map(\.name) == (0..<6).map { "layer.\($0).weight" })
        }
    }

    @Test func aTensorLargerThanAShardHasItsOwn() throws {
        let entries = [("a", 1), ("b", 50), ("c", 1)].map { name, count in
            WeightEntry(
                name: name, tensor: Tensor([Float](repeating: 1, count: count), shape: [count]))
        }
        try withTemporaryDirectory { folder in
            let index = folder.appendingPathComponent("m.safetensors.index.json").path
            try SafetensorsShards.write(
                WeightContent(entries: entries), to: index, maximumShardBytes: 100)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names.count == 4)
            #expect(try open(index).entries.map(\.name) == ["a", "b", "c"])
            // Written once more, the files of the same names are replaced.
            try SafetensorsShards.write(
                WeightContent(entries: entries), to: index, maximumShardBytes: 100)
            #expect(try problems(index).isEmpty)
        }
    }

    @Test func aFailureLeavesTheOldModel() throws {
        try withModel { index, folder in
            let failing = WeightEntry(name: "x", elementType: .f32, shape: [1]) {
                () throws(InterchangeError) in
                throw InterchangeError(.malformed, "source", "it cannot be read")
            }
            let entries = [WeightEntry(name: "a", tensor: Tensor([1], shape: [1])), failing]
            #expect(throws: InterchangeError.self) {
                try SafetensorsShards.write(
                    WeightContent(entries: entries), to: index, maximumShardBytes: 4)
            }
            #expect(try problems(index).isEmpty)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(Set(names) == Set(Self.shardNames + [Self.indexName]))
        }
    }

    @Test func otherNamesOfAnIndexAreRefused() throws {
        try withTemporaryDirectory { folder in
            #expect(throws: InterchangeError.self) {
                try SafetensorsShards.write(
                    WeightContent(entries: []), to: folder.appendingPathComponent("x.json").path)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }
}
