// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// A tensor as another library gives it.
struct ExpectedTensor: Decodable, Sendable {
    let dtype: String
    let shape: [Int]
    /// In hexadecimal.
    let bytes: String

    func expectEqual(_ entry: WeightEntry, _ name: String) throws {
        #expect(entry.typeName == dtype, "\(name)")
        #expect(entry.shape.dimensions == shape, "\(name)")
        let tensor = try entry.tensor()
        #expect(tensor.elementType.rawValue == dtype, "\(name)")
        #expect(tensor.shape.dimensions == shape, "\(name)")
        let digits = Array("0123456789abcdef".utf8)
        let found = tensor.withUnsafeBytes { bytes in
            bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        }
        #expect(String(decoding: found, as: UTF8.self) == bytes, "\(name)")
        #expect(entry.byteCount == bytes.utf8.count / 2, "\(name)")
    }
}

func expected<Value: Decodable>(_ path: String, as _: Value.Type) throws -> Value {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture(path)))
    return try JSONDecoder().decode(Value.self, from: data)
}

@Suite struct SafetensorsFileTests {
    private struct Expected: Decodable {
        let tensors: [String: ExpectedTensor]
        let metadata: [String: String]
    }

    private func open(_ name: String) throws -> WeightFile {
        let path = fixture("safetensors/\(name).safetensors")
        return try SafetensorsFile.open(InputFile.map(path), path: path)
    }

    static let sound = ["types", "shapes", "names", "none"]

    @Test(arguments: sound)
    func filesAreReadAsTheLibraryReadsThem(name: String) throws {
        let expected = try expected("safetensors/\(name).json", as: Expected.self)
        let file = try open(name)
        #expect(Set(file.entries.map(\.name)) == Set(expected.tensors.keys))
        for entry in file.entries {
            try #require(expected.tensors[entry.name]).expectEqual(entry, entry.name)
            #expect(try entry.tensor().isMapped)
        }
        #expect(file.metadata == expected.metadata.mapValues { .string($0) })
        #expect(SafetensorsFile.problems(try InputFile.map(file.path), path: "", full: true) == [])
        let payload = file.entries.reduce(0) { $0 + $1.byteCount }
        #expect(file.byteCount == payload + (try #require(file.metadataByteCount)))
    }

    @Test func numberedNamesAreInTheOrderOfTheirNumbers() throws {
        let names = try open("names").entries.map(\.name).filter { $0.hasPrefix("layer") }
        #expect(names == ["layer.2.weight", "layer.10.weight"])
    }

    @Test func filesAreRecognisedByContent() throws {
        for name in Self.sound + ["unread"] {
            let path = fixture("safetensors/\(name).safetensors")
            #expect(try WeightFormat.recognise(InputFile.map(path), path: path) == .safetensors)
        }
    }

    @Test func typesThatRetortLacksAreListed() throws {
        let file = try open("unread")
        let types = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0.typeName) })
        #expect(types == ["complex": "C64", "scales": "F8_E8M0", "pairs": "F4"])
        for entry in file.entries {
            #expect(entry.elementType == nil)
            let error = #expect(throws: InterchangeError.self) { try entry.tensor() }
            #expect(error?.problem.contains("'\(entry.name)'") == true)
        }
        // Two elements of four bits a byte.
        #expect(file["pairs"]?.byteCount == 2 && file["pairs"]?.shape == [4])
    }

    @Test(arguments: ["types", "shapes"])
    func everyTruncationIsRefused(name: String) throws {
        let whole = try InputFile.map(fixture("safetensors/\(name).safetensors"))
        for count in 0..<whole.count {
            let cut = ByteRegion(part: 0..<count, of: whole)
            #expect(throws: InterchangeError.self) { try SafetensorsFile.open(cut, path: "x") }
            #expect(!SafetensorsFile.problems(cut, path: "x", full: false).isEmpty)
        }
    }

    static let hostile: [(String, String)] = [
        ("short", "found 7 bytes"), ("length-huge", "header of 18446744073709551615 bytes"),
        ("length-signed", "header of 9223372036854775808 bytes"),
        ("length-bomb", "header of 100000000 bytes"),
        ("length-over-limit", "header of 100000001 bytes"), ("length-inside", "found the end"),
        ("length-zero", "does not start with '{'"), ("array", "does not start with '{'"),
        ("space-first", "does not start with '{'"), ("not-utf8", "not UTF-8"),
        ("control", "control character"), ("surrogate", "lone surrogate"),
        ("text-after", "found 'x', expected the end"),
        ("null-padding", "found the byte 0, expected the end"), ("comma", "expected a string"),
        ("deep", "more than 128 levels"), ("unfinished", "found the end"),
        ("duplicate", "'a': the name stands twice"),
        ("duplicate-escaped", "'a': the name stands twice"),
        ("duplicate-key", "found the key 'dtype'"), ("extra-key", "found the key 'code'"),
        ("metadata-number", "'a' that is no string"), ("metadata-nested", "'a' that is no string"),
        ("metadata-array", "expected '{'"), ("metadata-duplicate", "the key 'a' stands twice"),
        ("metadata-twice", "'__metadata__' twice"), ("type-missing", "expected a dtype"),
        ("type-unknown", "element type 'F33'"), ("type-number", "expected a string"),
        ("shape-missing", "expected a dtype, a shape"), ("shape-negative", "found '-'"),
        ("shape-fraction", "digits only"), ("shape-exponent", "digits only"),
        ("shape-zero-led", "leading zero"), ("shape-overflow", "more elements than fit"),
        ("shape-overflow-zero", "more elements than fit"), ("shape-65-bits", "more than 63 bits"),
        ("shape-rank", "more than 64 numbers"), ("shape-size", "found 8 bytes, expected 12"),
        ("half-byte", "12 bits"), ("offsets-missing", "two data_offsets"),
        ("offsets-one", "two data_offsets"), ("offsets-three", "more than 2 numbers"),
        ("offsets-reversed", "offsets 8 and 0"), ("offsets-outside", "offsets 0 and 16"),
        ("offsets-overflow", "more than 63 bits"), ("offsets-negative", "found '-'"),
        ("hole", "the 4 bytes before it"), ("hole-first", "the 4 bytes before it"),
        ("overlap", "overlap those"), ("same", "overlap those"),
        ("trailing", "the last 16 bytes"), ("trailing-none", "the last 1 bytes"),
        ("cut", "offsets 0 and 8 in a buffer of 7"),
    ]

    @Test(arguments: hostile)
    func hostileFilesAreRefusedByName(name: String, words: String) throws {
        let region = try InputFile.map(fixture("safetensors/hostile/\(name).safetensors"))
        let error = #expect(throws: InterchangeError.self) {
            try SafetensorsFile.open(region, path: name)
        }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        #expect(!SafetensorsFile.problems(region, path: name, full: false).isEmpty)
    }

    @Test func everyHostileFileIsTested() throws {
        let files = try FileManager.default.contentsOfDirectory(
            atPath: fixture("safetensors/hostile")
        ).map { String($0.prefix { $0 != "." }) }
        #expect(Set(files) == Set(Self.hostile.map(\.0)))
    }

    /// A map of them would take ten times the memory of its text.
    @Test func moreMetadataThanAnyModelHasIsRefused() throws {
        let values = (0...100_000).map { "\"\($0)\":\"\"" }.joined(separator: ",")
        let header = Array("{\"__metadata__\":{\(values)}}".utf8)
        let bytes = withUnsafeBytes(of: UInt64(header.count)) { Array($0) } + header
        let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
        let error = #expect(throws: InterchangeError.self) {
            try SafetensorsFile.open(region, path: "x")
        }
        #expect(error?.description.contains("more than 100000 values") == true)
    }

    @Test func everyProblemIsListed() throws {
        let header = """
            {"__metadata__":{"a":1},"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]},\
            "b":{"dtype":"F32","shape":[3],"data_offsets":[0,8]},\
            "c":{"dtype":"F32","shape":[2],"data_offsets":[0,80]}}
            """
        var bytes = withUnsafeBytes(of: UInt64(header.utf8.count)) { Array($0) }
        bytes += Array(header.utf8) + [UInt8](repeating: 0, count: 8)
        let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
        let problems = SafetensorsFile.problems(region, path: "x", full: false)
        #expect(problems.map(\.object) == ["__metadata__", "a", "b", "c"])
    }

    /// Changed bytes may be refused or read as other numbers; they may never crash or hang.
    @Test(arguments: ["types", "shapes", "names"])
    func changedFilesNeverCrash(name: String) throws {
        let file = try InputFile.map(fixture("safetensors/\(name).safetensors"))
        var random = RandomStream(seed: 13, purpose: .test)
        let marks = Array("0123456789[]{},:\"\\".utf8)
        var refused = 0
        for _ in 0..<3_000 {
            var bytes = file.bytes.map { $0 }
            for _ in 0..<(1 + random.integer(below: 3)) {
                let position = random.integer(below: min(bytes.count, 600))
                switch random.integer(below: 4) {
                case 0: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
                case 1:
                    bytes[position] = marks[random.integer(below: marks.count)]
                case 2: bytes.insert(bytes[random.integer(below: bytes.count)], at: position)
                default: bytes.remove(at: position)
                }
            }
            let region = bytes.withUnsafeBytes { ByteRegion(copying: $0) }
            let problems = SafetensorsFile.problems(region, path: name, full: false)
            do throws(InterchangeError) {
                for entry in try SafetensorsFile.open(region, path: name).entries {
                    _ = try entry.tensor()
                }
                #expect(problems.isEmpty)
            } catch {
                refused += 1
                #expect(!problems.isEmpty)
            }
        }
        #expect(refused > 1_000)
    }
}
