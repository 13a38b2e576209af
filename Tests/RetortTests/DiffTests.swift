// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// `retort diff` as scripts and people use it, on small safetensors files.
@Suite struct DiffTests {
    private struct Part {
        let name: String
        let shape: [Int]
        let values: [Float]
        var type = "F32"
    }

    private static let base = [
        Part(name: "conv.bias", shape: [3], values: [0.5, -1, 2]),
        Part(name: "conv.weight", shape: [2, 2], values: [1, 2, 3, 4]),
        Part(name: "fc.weight", shape: [2, 3], values: [1, 0, -1, 0.25, 8, 3]),
    ]

    /// A safetensors file, written without Retort's own writer.
    private func write(_ parts: [Part], _ name: String, in folder: URL) throws {
        var (header, payload) = ([String](), Data())
        for part in parts {
            let start = payload.count
            for value in part.values {
                if part.type == "F16" {
                    withUnsafeBytes(of: Float16(value)) { payload.append(contentsOf: $0) }
                } else {
                    withUnsafeBytes(of: value) { payload.append(contentsOf: $0) }
                }
            }
            header.append(
                "\"\(part.name)\":{\"dtype\":\"\(part.type)\",\"shape\":\(part.shape),"
                    + "\"data_offsets\":[\(start),\(payload.count)]}")
        }
        let text = Data("{\(header.joined(separator: ","))}".utf8)
        var file = withUnsafeBytes(of: UInt64(text.count)) { Data($0) }
        file.append(text)
        file.append(payload)
        try file.write(to: folder.appendingPathComponent(name))
    }

    private func withFiles(
        _ a: [Part], _ b: [Part], _ body: (Tool) throws -> Void
    ) throws {
        try withTemporaryDirectory { folder in
            try write(a, "a.safetensors", in: folder)
            try write(b, "b.safetensors", in: folder)
            try body(Tool(folder: folder))
        }
    }

    private func diff(_ tool: Tool, _ options: String...) throws -> (Int32, JSON) {
        let result = try tool.run(
            ["diff", "a.safetensors", "b.safetensors", "--json"] + options)
        #expect(result.errors.isEmpty)
        return (result.status, try result.json())
    }

    private func replacing(_ name: String, _ part: Part?) -> [Part] {
        Self.base.compactMap { $0.name == name ? part : $0 }
    }

    @Test func equalFilesExitWithZero() throws {
        try withFiles(Self.base, Self.base) { tool in
            let (status, json) = try diff(tool)
            #expect(status == 0)
            #expect(json["equal"] == true)
            for key in ["only_in_a", "only_in_b", "changed", "renamed"] {
                #expect(json[key] == [], "\(key)")
            }
            #expect(json["format_a"] == "safetensors")
            let text = try tool.run("diff", "a.safetensors", "b.safetensors")
            #expect(text.status == 0)
            #expect(text.output.contains("equal: 3 equal"))
        }
    }

    @Test func changedValuesAreMeasured() throws {
        let other = Part(name: "fc.weight", shape: [2, 3], values: [1, 0, -1, 0.25, 8, 3.5])
        try withFiles(Self.base, replacing("fc.weight", other)) { tool in
            let (status, json) = try diff(tool)
            #expect(status == 1)
            #expect(json["equal"] == false)
            let changed = try #require(json["changed"]?.arrayValue)
            #expect(changed.count == 1)
            let pair = changed[0]
            #expect(pair["name"] == "fc.weight")
            #expect(pair["reason"] == "values")
            #expect(pair["max_abs"]?.doubleValue == 0.5)
            // |b|^2 = 1 + 1 + 0.0625 + 64 + 12.25
            let norm = (78.3125 as Double).squareRoot()
            #expect(abs(pair["rel_l2"]!.doubleValue! - 0.5 / norm) < 1e-15)
            #expect(pair["cosine"]!.doubleValue! < 1)
            #expect(pair["max_ulp"]?.integerValue == 1 << 21)
            #expect(pair["beyond"]?.integerValue == 1)
            #expect(pair["worst"]?["index"] == [1, 2])
            #expect(json["summary"]?["layers"]?.arrayValue?.first?["layer"] == "fc")
            let text = try tool.run("diff", "a.safetensors", "b.safetensors")
            #expect(text.status == 1)
            #expect(text.output.contains("DIFFERENT: 1 changed, 2 equal"))
            #expect(text.output.contains("[1, 2] 3 -> 3.5"))
        }
    }

    @Test func everyOtherDifferenceExitsWithOne() throws {
        let weight = Self.base[1]
        let cases: [([Part], String)] = [
            (replacing("conv.weight", nil), "only_in_a"),
            (Self.base + [Part(name: "new", shape: [], values: [1])], "only_in_b"),
            (
                replacing(
                    "conv.weight", Part(name: "conv.weight", shape: [4], values: weight.values)),
                "changed"
            ),
            (
                replacing(
                    "conv.weight",
                    Part(name: "conv.weight", shape: [2, 2], values: weight.values, type: "F16")),
                "changed"
            ),
            (
                replacing(
                    "conv.weight", Part(name: "other", shape: [2, 2], values: weight.values)),
                "renamed"
            ),
        ]
        for (parts, key) in cases {
            try withFiles(Self.base, parts.sorted { $0.name < $1.name }) { tool in
                for options in [[], ["--atol", "1e9"], ["--layout", "exact"]] {
                    let result = try tool.run(
                        ["diff", "a.safetensors", "b.safetensors", "--json"] + options)
                    #expect(result.status == 1, "\(key) \(options)")
                    #expect(try result.json()[key]?.arrayValue?.count == 1)
                    #expect(try result.json()["equal"] == false)
                }
            }
        }
    }

    @Test func toleranceIsOfValues() throws {
        let other = Part(name: "conv.bias", shape: [3], values: [0.5001, -1.0001, 2.0001])
        try withFiles(Self.base, replacing("conv.bias", other)) { tool in
            #expect(try diff(tool).0 == 1)
            #expect(try diff(tool, "--atol", "1e-3").0 == 0)
            #expect(try diff(tool, "--rtol", "1e-3").0 == 0)
            #expect(try diff(tool, "--rtol", "1e-5").0 == 1)
            let (_, json) = try diff(tool, "--atol", "1e-3")
            #expect(json["within_tolerance"]?.arrayValue?.count == 1)
            #expect(json["changed"] == [])
            #expect(json["policy"]?["atol"]?.doubleValue == 1e-3)
        }
    }

    @Test func whatCannotBeComparedExitsWithTwo() throws {
        try withFiles(Self.base, Self.base) { tool in
            let missing = try tool.run("diff", "a.safetensors", "nowhere.pt", "--json")
            #expect(missing.status == 2)
            #expect(missing.output.isEmpty)
            #expect(missing.errors.contains("nowhere.pt"))
            try Data("neither".utf8).write(to: tool.folder.appendingPathComponent("odd"))
            let odd = try tool.run("diff", "odd", "a.safetensors")
            #expect(odd.status == 2)
            #expect(odd.errors.contains("odd: "))
            let named = try tool.run(
                "diff", "a.safetensors", "b.safetensors", "--checkpoint-a", "m")
            #expect(named.status == 2)
            #expect(named.errors.contains("not a Retort store"))
        }
    }

    @Test(arguments: [
        ["a"], ["a", "b", "c"], ["a", "b", "--atol", "-1"], ["a", "b", "--rtol", "nan"],
        ["a", "b", "--layout", "keras"],
    ])
    func wrongCommandLinesExitWith64(_ arguments: [String]) throws {
        try withTemporaryDirectory { folder in
            let result = try Tool(folder: folder).run(["diff"] + arguments)
            #expect(result.status == 64)
        }
    }

    @Test func otherFormatsAndCheckpointsAreComparedToo() throws {
        try withFiles(Self.base, Self.base.dropLast()) { tool in
            func convert(_ arguments: String...) throws {
                let result = try tool.run(["convert"] + arguments)
                try #require(result.status == 0, "\(result.errors)")
            }
            try convert("a.safetensors", "a.pt")
            try convert("a.safetensors", "a.npz")
            try convert("a.safetensors", "s.retort.h5", "--as", "one")
            try convert("b.safetensors", "s.retort.h5", "--as", "two")
            for other in ["a.pt", "a.npz", "s.retort.h5#one"] {
                let result = try tool.run("diff", "a.safetensors", other)
                #expect(result.status == 0, "\(other): \(result.output)\(result.errors)")
            }
            let two = try tool.run("diff", "s.retort.h5#one", "s.retort.h5#two", "--json")
            #expect(two.status == 1)
            #expect(try two.json()["only_in_a"]?.arrayValue?.count == 1)
            let named = try tool.run(
                "diff", "s.retort.h5", "s.retort.h5", "--checkpoint-a", "one", "--checkpoint-b",
                "two")
            #expect(named.status == 1)
            let unnamed = try tool.run("diff", "s.retort.h5", "a.pt")
            #expect(unnamed.status == 2)
            #expect(unnamed.errors.contains("one"))
        }
    }

    @Test func specialValuesAndSpellingAreTold() throws {
        let a = [Part(name: "module.w", shape: [4], values: [.nan, .infinity, 0, 1])]
        let b = [Part(name: "w", shape: [4], values: [.nan, .infinity, -0.0, 1])]
        try withFiles(a, b) { tool in
            let (status, json) = try diff(tool)
            #expect(status == 0)
            let pair = json["equal_in_value"]?.arrayValue?.first
            #expect(pair?["name_b"] == "w")
            #expect(pair?["matched_by"] == "spelling")
            #expect(pair?["signed_zeros"]?.integerValue == 1)
            #expect(pair?["nan_in_both"]?.integerValue == 1)
            #expect(pair?["inf_in_both"]?.integerValue == 1)
            let text = try tool.run("diff", "a.safetensors", "b.safetensors").output
            #expect(text.contains("1 equal values have other bits"))
        }
    }

    @Test func namesCannotCommandTheTerminal() throws {
        let evil = [Part(name: "w\\u001b[2Jx", shape: [1], values: [1])]
        try withFiles(evil, [Part(name: "v", shape: [1], values: [2])]) { tool in
            let result = try tool.run("diff", "a.safetensors", "b.safetensors")
            #expect(result.status == 1)
            #expect(!result.output.contains("\u{1B}"))
        }
    }
}
