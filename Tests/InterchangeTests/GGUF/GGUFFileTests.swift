// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// GGUF files made by llama.cpp's package, and hostile ones.
struct GGUFFileTests {
    private static func json(_ path: String) -> [String: JSON] {
        let text = try? String(contentsOfFile: fixture("gguf/\(path)"), encoding: .utf8)
        return text.flatMap { try? JSON(parsing: $0).objectValue } ?? [:]
    }

    static let hostile = json("hostile/expected.json").compactMapValues(\.stringValue)

    @Test(arguments: ["types", "values"])
    func everyTensorIsListedAndNumbersAreRead(_ name: String) throws {
        let file = try WeightFile.open(fixture("gguf/\(name).gguf"))
        #expect(file.format == .gguf)
        let expected = try #require(Self.json("expected.json")[name]?["tensors"]?.objectValue)
        #expect(Set(file.entries.map(\.name)) == Set(expected.keys))
        for entry in file.entries {
            let stated = try #require(expected[entry.name])
            #expect(entry.typeName == stated["type"]?.stringValue, "\(entry.name)")
            #expect(entry.byteCount == stated["bytes"]?.integerValue, "\(entry.name)")
            guard entry.elementType != nil else {
                let error = try #require(throws: InterchangeError.self) { try entry.tensor() }
                #expect(error.kind == .unsupported)
                continue
            }
            let shape = (stated["shape"]?.arrayValue ?? []).compactMap(\.integerValue)
            #expect(entry.shape.dimensions == shape, "\(entry.name)")
            let tensor = try entry.tensor()
            #expect(tensor.isMapped)
            #expect(fnv(tensor) == stated["fnv"]?.stringValue, "\(entry.name)")
        }
        #expect(try WeightFile.problems(fixture("gguf/\(name).gguf"), full: true) == [])
    }

    @Test(arguments: [("values", 3), ("version-2", 2)])
    func keysHaveTheirTypes(name: String, version: Int) throws {
        let file = try WeightFile.open(fixture("gguf/\(name).gguf"))
        var metadata = file.metadata
        #expect(
            metadata.removeValue(forKey: "gguf") == ["version": .integer(version), "alignment": 64])
        let tokens = metadata.removeValue(forKey: "kv.tokens")
        #expect(tokens?["length"] == 100)
        #expect(tokens?["first"]?.arrayValue?.last == "token 7")
        #expect(
            metadata == [
                "general.architecture": "made-up", "general.alignment": 64, "kv.u8": 200,
                "kv.i8": -100, "kv.u16": 60000, "kv.i16": -30000, "kv.u32": 4_000_000_000,
                "kv.i32": -2_000_000_000, "kv.u64": .number(0x1p64),
                "kv.i64": .integer(.min), "kv.f32": 0.1, "kv.f64": 0.1, "kv.bool": true,
                "kv.string": "naïve", "kv.short": [1, 2, 3],
                "kv.long": ["length": 100, "first": [0, 1, 2, 3, 4, 5, 6, 7]],
            ])
    }

    @Test func quantisedTypesAreRemarked() throws {
        let file = try WeightFile.open(fixture("gguf/types.gguf"))
        let remark = try #require(file.remarks.first)
        #expect(remark.hasPrefix("quantised tensors are listed and not read: IQ1_M, "))
        #expect(remark.contains("Q4_K") && !remark.contains("BF16"))
    }

    @Test(arguments: hostile.keys.sorted())
    func hostileFilesAreRefusedWithTheReason(_ name: String) throws {
        let path = fixture("gguf/hostile/\(name).gguf")
        let expected = try #require(Self.hostile[name])
        let bytes = try ByteRegion(mappingFile: path)
        let error = try #require(throws: InterchangeError.self) {
            try GGUFFile.open(bytes, path: path)
        }
        #expect(error.problem.contains(expected), "\(error.problem)")
        let problems = GGUFFile.problems(bytes, path: path, full: true)
        #expect(problems.contains { $0.description.contains(expected) }, "\(problems)")
    }

    @Test(arguments: ["types", "values"])
    func everyTruncationIsRefused(name: String) throws {
        let whole = try ByteRegion(mappingFile: fixture("gguf/\(name).gguf"))
        let file = try GGUFFile.open(whole, path: "x")
        // The writer pads the last tensor.
        let header = try GGUFHeader(whole, path: "x")
        let end = header.tensors.map { header.dataStart + $0.offset + $0.byteCount }.max() ?? 0
        #expect(file.entries.count == header.tensors.count)
        for count in 0..<end {
            let cut = ByteRegion(part: 0..<count, of: whole)
            #expect(throws: InterchangeError.self) { try GGUFFile.open(cut, path: "x") }
        }
    }

    @Test(arguments: ["types", "values"])
    func changedFilesNeverCrash(name: String) throws {
        let whole = try ByteRegion(mappingFile: fixture("gguf/\(name).gguf"))
        let header = try GGUFHeader(whole, path: "x").dataStart
        var random = RandomStream(seed: 12, purpose: .test)
        var refused = 0
        for _ in 0..<2_000 {
            var bytes = Array(whole.bytes)
            for _ in 0..<(1 + random.integer(below: 4)) {
                // Tokens are long and dull; what is before and after them says more.
                let near = random.integer(below: 2) == 0 ? 700 : header
                let position = random.integer(below: min(near, bytes.count))
                switch random.integer(below: 4) {
                case 0: bytes[position] ^= 1 << UInt8(random.integer(below: 8))
                case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next())
                case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
                default: bytes.remove(at: position)
                }
            }
            let changed = region(bytes)
            _ = GGUFFile.problems(changed, path: "x", full: true)
            do throws(InterchangeError) {
                let file = try GGUFFile.open(changed, path: "x")
                for entry in file.entries { _ = try? entry.tensor() }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0)
    }
}
