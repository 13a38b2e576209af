// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// Files that PyTorch wrote, against what PyTorch says of them (`Fixtures/pytorch/make.py`).
@Suite struct PyTorchFileTests {
    static let names = [
        "types", "types-legacy", "strides", "strides-legacy", "state", "module",
        "module-protocol1", "module-protocol4", "checkpoint", "checkpoint-protocol1",
        "checkpoint-protocol3", "checkpoint-protocol4",
        "checkpoint-protocol5", "checkpoint-legacy", "numpy", "numpy-protocol4",
        "numpy-protocol5", "numpy-legacy", "parameter", "parameter-with-state", "tensor", "list",
        "script", "big-endian", "no-byteorder", "deflated",
    ]

    @Test(arguments: names + ["custom", "subclass"])
    func everyTensorIsWhatPyTorchSays(name: String) throws {
        let file = try WeightFile.open(fixture("pytorch/\(name).pt"))
        let expected = try expectation(name)
        let isLegacy = name.hasSuffix("legacy")
        #expect(file.format == (isLegacy ? .pytorchLegacy : .pytorch))
        let tensors = try #require(expected["tensors"]?.arrayValue)
        let names = tensors.compactMap { $0["name"]?.stringValue }
        let own = file.entries.filter { !$0.name.hasPrefix("constants.") }
        #expect(own.map(\.name) == names)
        for (entry, expected) in zip(own, tensors) {
            #expect(entry.typeName == expected["dtype"]?.stringValue, "\(entry.name)")
            let shape = expected["shape"]?.arrayValue?.compactMap(\.integerValue)
            #expect(entry.shape.dimensions == shape, "\(entry.name)")
            let tensor = try entry.tensor()
            #expect(tensor.shape == entry.shape && tensor.elementType == entry.elementType)
            let digest = tensor.withUnsafeBytes { Digest(hashing: $0) }
            #expect(digest.hexadecimal == expected["sha256"]?.stringValue, "\(entry.name)")
        }
        let shared = expected["shared"]?.objectValue ?? [:]
        for entry in own {
            #expect(entry.sharedWith == shared[entry.name]?.stringValue, "\(entry.name)")
        }
        for (key, value) in expected["metadata"]?.objectValue ?? [:] {
            #expect(file.metadata[key] == value, "\(key)")
        }
    }

    @Test(arguments: names)
    func whatPyTorchWritesHasNoProblems(name: String) throws {
        let path = fixture("pytorch/\(name).pt")
        #expect(try WeightFile.problems(path, full: true) == [])
        let remarks = try WeightFile.open(path).remarks
        #expect(!remarks.contains { $0.contains("would have") }, "\(remarks)")
    }

    @Test func contiguousTensorsAreViewsOfTheFile() throws {
        let file = try WeightFile.open(fixture("pytorch/strides.pt"))
        for name in ["base", "rows", "same", "element"] {
            #expect(try #require(file[name]).tensor().isMapped, "\(name)")
        }
        #expect(try !#require(file["transposed"]).tensor().isMapped)
        #expect(file["same"]?.storedByteCount == 0)
        #expect(file["expanded"]?.storedByteCount == 4)
        #expect(try #require(file["base"]).tensor() == #require(file["same"]).tensor())
    }

    @Test func typesThatAreOnlyListedAreRefusedByName() throws {
        let file = try WeightFile.open(fixture("pytorch/listed.pt"))
        let types = file.entries.map { "\($0.name) \($0.typeName) \($0.shape)" }
        #expect(
            types == [
                "complex C64 (2)", "quantised qint8 (3)", "sparse sparse (3, 3)", "meta F32 (2)",
                "plain F32 (2)",
            ])
        for name in ["complex", "quantised", "sparse", "meta"] {
            let entry = try #require(file[name])
            let error = #expect(throws: InterchangeError.self) { try entry.tensor() }
            #expect(error?.kind == .unsupported)
            #expect(error?.problem.contains("'\(name)'") == true)
        }
        #expect(try #require(file["plain"]).tensor().floats() == [-3, -2.63])
    }

    @Test func remarksSayWhatTheFileIs() throws {
        func remarks(_ name: String) throws -> [String] {
            try WeightFile.open(fixture("pytorch/\(name).pt")).remarks
        }
        #expect(try remarks("checkpoint").contains("2 tensors stand below 'state_dict'"))
        #expect(
            try remarks("module") == [
                "it holds whole objects, not only their state, of the classes"
                    + " torch.nn.modules.container.Sequential, torch.nn.modules.conv.Conv2d,"
                    + " torch.nn.modules.batchnorm.BatchNorm2d,"
                    + " torch.nn.modules.activation.ReLU, torch.nn.modules.linear.Linear"
            ])
        #expect(try remarks("script").contains("it holds TorchScript code, which is not run"))
        #expect(
            try remarks("big-endian") == [
                "its numbers are big-endian and turned when they are read"
            ])
        #expect(try remarks("state") == [])
    }

    @Test func classesOfTheWritersOwnAreNamedAsWhatWouldBeImported() throws {
        let custom = try WeightFile.open(fixture("pytorch/custom.pt"))
        #expect(
            custom.remarks == [
                "a loader that trusts this file would have called __main__.Custom()",
                "it holds whole objects, not only their state, of the classes"
                    + " torch.nn.modules.container.ModuleList, torch.nn.modules.linear.Linear",
            ])
        let subclass = try WeightFile.open(fixture("pytorch/subclass.pt"))
        #expect(
            subclass.remarks == [
                "a loader that trusts this file would have imported __main__.Marked"
            ])
        for name in ["custom", "subclass"] {
            let problems = try WeightFile.problems(fixture("pytorch/\(name).pt"), full: true)
            #expect(problems.map(\.object) == ["data.pkl"])
        }
    }

    @Test func aFolderOfShardsIsRefusedByName() throws {
        try withTemporaryDirectory { folder in
            let index = folder.appendingPathComponent(".metadata")
            try Data([0x80, 2, 0x4E, 0x2E]).write(to: index)
            let error = #expect(throws: InterchangeError.self) {
                try WeightFile.open(folder.path)
            }
            #expect(error?.problem.contains("distributed PyTorch checkpoint") == true)
        }
    }

    @Test func constantsOfAScriptAreTensorsToo() throws {
        let file = try WeightFile.open(fixture("pytorch/script.pt"))
        let constant = try #require(file["constants.0"])
        #expect(try constant.tensor().floats() == [2, 3])
    }

    @Test func recordsThatAreNoTensorsLeaveTheTensorsReadable() throws {
        let file = try WeightFile.open(fixture("pytorch/hostile/reduce.pt"))
        #expect(try #require(file["weight"]).tensor().floats() == [1, 2, 3, 4])
    }

    private func expectation(_ name: String) throws -> JSON {
        let data = try Data(contentsOf: URL(fileURLWithPath: fixture("pytorch/\(name).json")))
        return try data.withUnsafeBytes { try JSON(parsing: $0) }
    }
}
