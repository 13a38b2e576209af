// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Files that lie, cut, changed or made on purpose: refused with the reason, never followed.
struct ONNXHostileTests {
    static let hostile: [String: String] = {
        let text = try? String(
            contentsOfFile: fixture("onnx/hostile/expected.json"), encoding: .utf8)
        let list = text.flatMap { try? JSON(parsing: $0).objectValue } ?? [:]
        return list.compactMapValues(\.stringValue)
    }()

    @Test(arguments: hostile.keys.sorted())
    func hostileFilesAreRefusedWithTheReason(_ name: String) throws {
        let path = fixture("onnx/hostile/\(name).onnx")
        let expected = try #require(Self.hostile[name])
        let bytes = try ByteRegion(mappingFile: path)
        let error = try #require(throws: InterchangeError.self) {
            try ONNXFile.open(bytes, path: path)
        }
        #expect(error.problem.contains(expected), "\(error.problem)")
        let problems = ONNXFile.problems(bytes, path: path, full: true)
        #expect(problems.contains { $0.description.contains(expected) }, "\(problems)")
    }

    /// `external.onnx` moved to `folder`, its elements at `location`.
    private func open(location: String, in folder: URL) throws -> WeightFile {
        var data = try Data(contentsOf: URL(fileURLWithPath: fixture("onnx/external.onnx")))
        // Both names are as long, so that no length changes.
        #expect(location.utf8.count == 13)
        while let range = data.range(of: Data("external.data".utf8)) {
            data.replaceSubrange(range, with: Data(location.utf8))
        }
        let path = folder.appendingPathComponent("m.onnx").path
        try data.write(to: URL(fileURLWithPath: path))
        return try WeightFile.open(path)
    }

    @Test func externalElementsAreReadInFoldersBelowAndNeverThroughLinks() throws {
        try withTemporaryDirectory { folder in
            let files = FileManager.default
            let elements = URL(fileURLWithPath: fixture("onnx/external.data"))
            for below in ["real", "model/sub"] {
                try files.createDirectory(
                    at: folder.appendingPathComponent(below), withIntermediateDirectories: true)
            }
            let model = folder.appendingPathComponent("model")
            try files.copyItem(at: elements, to: model.appendingPathComponent("sub/data12345"))
            try files.copyItem(at: elements, to: folder.appendingPathComponent("real/data12345"))
            try files.createSymbolicLink(
                at: model.appendingPathComponent("link123456789"),
                withDestinationURL: model.appendingPathComponent("sub/data12345"))
            try files.createSymbolicLink(
                at: model.appendingPathComponent("lin"),
                withDestinationURL: folder.appendingPathComponent("real"))
            #expect(try open(location: "sub/data12345", in: model).entries.count == 2)
            #expect(try open(location: "./sub/data123", in: model, fails: "No such file"))
            #expect(try open(location: "link123456789", in: model, fails: "is a symbolic link"))
            #expect(
                try open(location: "lin/data12345", in: model, fails: "cannot open its external"))
        }
    }

    private func open(location: String, in folder: URL, fails reason: String) throws -> Bool {
        let error = try #require(throws: InterchangeError.self) {
            try open(location: location, in: folder)
        }
        return error.problem.contains(reason)
    }

    @Test(arguments: ["torch-plain", "constants", "types"])
    func everyTruncationIsRefused(name: String) throws {
        let whole = try ByteRegion(mappingFile: fixture("onnx/\(name).onnx"))
        for count in 0..<whole.count {
            let cut = ByteRegion(part: 0..<count, of: whole)
            // What follows the graph in these files is the operator set, which may be missing.
            do throws(InterchangeError) {
                _ = try ONNXFile.open(cut, path: "x")
                #expect(count > whole.count - 8, "\(count) bytes of \(whole.count)")
            } catch {
                #expect(!error.problem.isEmpty)
            }
        }
    }

    @Test(arguments: ["torch-residual", "tensorflow", "constants", "types", "external", "sparse"])
    func changedFilesNeverCrash(name: String) throws {
        let whole = try ByteRegion(mappingFile: fixture("onnx/\(name).onnx"))
        var random = RandomStream(seed: 11, purpose: .test)
        var refused = 0
        for _ in 0..<1_500 {
            var bytes = Array(whole.bytes)
            for _ in 0..<(1 + random.integer(below: 4)) {
                let position = random.integer(below: bytes.count)
                switch random.integer(below: 4) {
                case 0: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
                case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next())
                case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
                default: bytes.remove(at: position)
                }
            }
            let path = fixture("onnx/changed.onnx")
            _ = bytes.withUnsafeBytes { ONNXFile.isModel($0) }
            let changed = region(bytes)
            _ = ONNXFile.problems(changed, path: path, full: true)
            do throws(InterchangeError) {
                let file = try ONNXFile.open(changed, path: path)
                for entry in file.entries { _ = try? entry.tensor() }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0)
    }

    /// A model of empty messages: every count is refused before memory is spent on it.
    @Test(arguments: [
        (0x2A as UInt8, "more than 65536 initialisers"), (0x0A, "more than 262144 nodes"),
    ])
    func floodsOfEmptyMessagesAreRefused(tag: UInt8, reason: String) throws {
        let count = 300_000
        var graph = ProtobufWriter()
        graph.field(1, 8)
        graph.begin(7, byteCount: 2 * count)
        let bytes = graph.bytes + (0..<count).flatMap { _ in [tag, 0] }
        let error = try #require(throws: InterchangeError.self) {
            try ONNXFile.open(region(bytes), path: "x")
        }
        #expect(error.problem.contains(reason))
    }

    @Test func problemsNameEveryBrokenTensor() throws {
        var tensors: [ProtobufWriter] = []
        for (name, count) in [("a", 8), ("b", 7), ("c", 9), ("c", 8)] {
            var tensor = ProtobufWriter()
            tensor.field(1, 2)
            tensor.field(2, 1)
            tensor.field(8, name)
            tensor.field(9, [UInt8](repeating: 0, count: count))
            tensors.append(tensor)
        }
        var graph = ProtobufWriter()
        graph.field(2, "g")
        for tensor in tensors { graph.field(5, tensor) }
        var model = ProtobufWriter()
        model.field(1, 8)
        model.field(7, graph)
        let problems = ONNXFile.problems(region(model.bytes), path: "x", full: false)
        #expect(
            problems.map(\.description) == [
                "b: found 7 bytes of raw data, expected 8 for F32 (2)",
                "c: found 9 bytes of raw data, expected 8 for F32 (2)",
                "c: two initialisers are called 'c'",
                "opset_import is missing, expected the version of ONNX's operators",
            ])
    }
}
