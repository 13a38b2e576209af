// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct NPZFileTests {
    private struct Named: Decodable {
        let name: String
    }

    private func open(_ name: String) throws -> WeightFile {
        let path = fixture("npz/\(name).npz")
        return try NPZFile.open(InputFile.map(path), path: path)
    }

    @Test(arguments: ["types", "orders", "compressed", "none"])
    func archivesAreReadAsNumPyReadsThem(name: String) throws {
        let names = try #require(
            expected("npz/sound.json", as: [String: [Named]].self)["\(name).npz"])
        let tensors = try #require(
            expected("npz/sound.json", as: [String: [ExpectedTensor]].self)["\(name).npz"])
        let file = try open(name)
        #expect(file.entries.map(\.name) == names.map(\.name))
        for (entry, tensor) in zip(file.entries, tensors) {
            try tensor.expectEqual(entry, entry.name)
        }
        #expect(file.metadata.isEmpty)
        let region = try InputFile.map(file.path)
        #expect(try WeightFormat.recognise(region, path: file.path) == .npz)
        #expect(NPZFile.problems(region, path: file.path, full: true) == [])
    }

    @Test func storedArraysAreViewsOfTheFile() throws {
        #expect(try #require(open("orders")["W"]).tensor().isMapped)
        let zeros = try #require(open("compressed")["zeros"])
        #expect(try !zeros.tensor().isMapped)
        #expect(zeros.storedByteCount < 200 && zeros.byteCount == 12_000)
    }

    @Test(arguments: ["foreign", "foreign-compressed"])
    func arraysOfOtherThingsAreListed(name: String) throws {
        let file = try open(name)
        let types = file.entries.map(\.typeName)
        #expect(Array(types.prefix(3)) == ["<U3", "<c8", "<M8[s]"])
        #expect(types[3] == "structured records")
        for entry in file.entries.prefix(4) {
            #expect(entry.elementType == nil && entry.shape == [2])
            #expect(throws: InterchangeError.self) { try entry.tensor() }
        }
        #expect(file["complex"]?.byteCount == 16)
        #expect(try file["weights"]?.tensor().floats() == [0, 1, 2])
    }

    @Test(arguments: ["object", "object-compressed"])
    func arraysOfPythonObjectsAreInert(name: String) throws {
        let file = try open("hostile/\(name)")
        #expect(file.remarks.count == 1 && file.remarks[0].contains("can run code"))
        let error = #expect(throws: InterchangeError.self) { try file.entries[0].tensor() }
        #expect(error?.description.contains("can run code") == true)
        let problems = NPZFile.problems(try InputFile.map(file.path), path: "", full: false)
        #expect(problems.map(\.object) == ["a"])
    }

    static let hostile: [(String, String)] = [
        ("header-code", "'_' in the NPY header"), ("header-length", "length of 4294967295"),
        ("header-long", "length of 70"), ("header-cut", "does not start"),
        ("header-none", "does not start"), ("not-npy", "does not start"),
        ("shape-bomb", "found 4 bytes of data, expected 4000000000000000000"),
        ("shape-overflow", "64 bits"), ("shape-bomb-compressed", "expected 32000000000"),
        ("short", "found 15 bytes"), ("long", "found 17 bytes"), ("notes-list", "JSON object"),
        ("notes-not-json", "JSON text"), ("notes-key", "JSON object of dtypes"),
        ("notes-metadata", "expected objects"), ("notes-type", "type \"F16\" of 'a'"),
        ("notes-width", "another width"), ("notes-missing", "the type of 'b'"),
        ("notes-floats", "expected a short list of bytes"), ("notes-object", "can run code"),
    ]

    @Test(arguments: hostile)
    func hostileArchivesAreRefusedByName(name: String, words: String) throws {
        let region = try InputFile.map(fixture("npz/hostile/\(name).npz"))
        let error = #expect(throws: InterchangeError.self) {
            try NPZFile.open(region, path: name)
        }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        #expect(!NPZFile.problems(region, path: name, full: false).isEmpty)
    }

    @Test func booleansThatAreNeitherAreFoundByReadingThem() throws {
        let region = try InputFile.map(fixture("npz/hostile/boolean.npz"))
        #expect(NPZFile.problems(region, path: "x", full: false).isEmpty)
        #expect(NPZFile.problems(region, path: "x", full: true).map(\.object) == ["a.npy"])
    }

    @Test func everyHostileArchiveIsTested() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture("npz/hostile"))
            .map { String($0.prefix { $0 != "." }) }
        let tested = Self.hostile.map(\.0) + ["object", "object-compressed", "boolean"]
        #expect(Set(files) == Set(tested))
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let vector = Tensor([1, -2, 3], shape: [3])
        let bytes = Tensor(trusted: .u8, shape: [2], values: [1, 2] as [UInt8])
        let entries = try [
            WeightEntry(name: "layer/kernel", tensor: vector),
            WeightEntry(name: "half", tensor: vector.converted(to: .bf16)),
            WeightEntry(name: "f8", tensor: bytes.reinterpreted(as: .f8e4m3)),
            WeightEntry(name: "bytes", tensor: bytes),
            WeightEntry(name: "scalar", tensor: Tensor([7], shape: .scalar)),
            WeightEntry(name: "empty", tensor: Tensor([], shape: [0, 3])),
        ]
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.npz").path
            try NPZFile.write(
                WeightContent(entries: entries, metadata: ["epoch": 3, "a": "b"]), to: path)
            let file = try NPZFile.open(InputFile.map(path), path: path)
            #expect(file.entries.map(\.name) == entries.map(\.name))
            #expect(file.entries.map(\.typeName) == entries.map(\.typeName))
            for (left, right) in zip(file.entries, entries) {
                #expect(try left.tensor() == right.tensor())
                #expect(try left.tensor().isMapped)
            }
            #expect(file.metadata == ["epoch": 3, "a": "b"])
            #expect(NPZFile.problems(try InputFile.map(path), path: path, full: true) == [])
        }
    }

    @Test func whatNumPyCanHoldHasNoNotes() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.npz").path
            let entry = WeightEntry(name: "a", tensor: Tensor([1], shape: [1]))
            try NPZFile.write(WeightContent(entries: [entry]), to: path)
            let archive = try ZipArchive(InputFile.map(path), path: path)
            #expect(archive.members.map(\.name) == ["a.npy"])
        }
    }

    @Test(arguments: ["__retort__", "../a", "/a"])
    func namesThatCannotBeAreRefused(name: String) throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.npz").path
            let entry = WeightEntry(name: name, tensor: Tensor([1], shape: [1]))
            #expect(throws: InterchangeError.self) {
                try NPZFile.write(WeightContent(entries: [entry]), to: path)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }

    @Test(arguments: ["orders", "compressed", "hostile/notes-type"])
    func changedArchivesNeverCrash(name: String) throws {
        let file = try InputFile.map(fixture("npz/\(name).npz"))
        var random = RandomStream(seed: 17, purpose: .test)
        let marks = Array("0123456789(),'<>fiuU|OV\u{0}".utf8)
        for _ in 0..<1_500 {
            var bytes = file.bytes.map { $0 }
            // Members begin with the headers that this is about.
            let position = 30 + random.integer(below: min(bytes.count - 30, 300))
            bytes[position] = marks[random.integer(below: marks.count)]
            let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
            let problems = NPZFile.problems(region, path: name, full: true)
            do throws(InterchangeError) {
                let file = try NPZFile.open(region, path: name)
                for entry in file.entries where entry.elementType != nil {
                    _ = try entry.tensor()
                }
            } catch {
                #expect(!problems.isEmpty, "\(error)")
            }
        }
    }
}

@Suite struct NPYFileTests {
    @Test func anArrayIsATensorCalledArray() throws {
        let path = fixture("npy/f32-fortran.npy")
        let file = try NPYFile.open(InputFile.map(path), path: path)
        #expect(file.entries.map(\.name) == ["array"])
        #expect(file.entries[0].shape == [2, 3, 4] && file.metadataByteCount == 128)
        #expect(try file.entries[0].tensor().floats() == (0..<24).map(Float.init))
        #expect(NPYFile.problems(try InputFile.map(path), path: path, full: true) == [])
    }

    @Test func arraysOfObjectsAreRefused() throws {
        let path = fixture("npy/refused-object.npy")
        let region = try InputFile.map(path)
        let error = #expect(throws: InterchangeError.self) {
            try NPYFile.open(region, path: path)
        }
        #expect(error?.description.contains("can run code") == true)
        #expect(NPYFile.problems(region, path: path, full: false).count == 1)
    }

    @Test func oneTensorIsWrittenAndNoMore() throws {
        let entry = WeightEntry(name: "weight", tensor: Tensor([1, 2], shape: [2]))
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.npy").path
            try NPYFile.write(WeightContent(entries: [entry]), to: path)
            #expect(try NPY.read(path) == entry.tensor())
            for entries in [[], [entry, entry]] {
                #expect(throws: InterchangeError.self) {
                    try NPYFile.write(WeightContent(entries: entries), to: path)
                }
            }
        }
    }
}
