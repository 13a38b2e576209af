// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// `retort inspect` on files of weights, as text and as JSON.
struct InspectTests {
    /// Runs `body` with the tool and a model of five tensors beside it.
    private func withModel(_ body: (Tool) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            try SampleWeights.model.write(to: folder.appendingPathComponent("m.safetensors"))
            try body(Tool(folder: folder))
        }
    }

    @Test func textFoldsNamesIntoLayers() throws {
        try withModel { tool in
            let result = try tool.run("inspect", "m.safetensors")
            #expect(result.status == 0, "\(result.errors)")
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(lines[0].hasSuffix("5 tensors, 67 parameters"))
            #expect(lines[0].hasPrefix("m.safetensors: safetensors file, "))
            let table = lines.map { line in
                line.split(separator: " ").joined(separator: " ")
            }
            #expect(table.contains("conv1 40 160 B"))
            #expect(table.contains("weight F32 (4, 1, 3, 3) 36 144 B"))
            #expect(table.contains("bias F32 (4) 4 16 B"))
            // One layer in the other, nothing beside it: one line.
            #expect(table.contains("block.0.fc.weight F32 (3, 5) 15 60 B"))
            #expect(table.contains("metadata"))
            #expect(table.contains("note = made by hand"))
            #expect(result.output.contains("space: 268 B payload, "))
        }
    }

    @Test func jsonKeepsItsKeys() throws {
        try withModel { tool in
            let json = try tool.run("inspect", "m.safetensors", "--json").json()
            #expect(json["format"] == "safetensors")
            #expect(json["file"] == "m.safetensors")
            #expect(json["parameters"] == 67)
            #expect(json["metadata"]?["note"] == "made by hand")
            #expect(json["space"]?["payload"] == 268)
            let tensors = try #require(json["tensors"]?.arrayValue)
            let weight = try #require(tensors.first { $0["name"] == "conv1.weight" })
            #expect(weight["shape"] == [4, 1, 3, 3])
            #expect(weight["dtype"] == "F32")
            #expect(weight["bytes"] == 144)
            #expect(weight["digest"] == nil)
            #expect(weight["stats"] == nil)
        }
    }

    @Test func measuresAreOfTheElements() throws {
        try withModel { tool in
            let json = try tool.run("inspect", "m.safetensors", "--stats", "--digests", "--json")
                .json()
            let tensors = try #require(json["tensors"]?.arrayValue)
            for (name, values) in SampleWeights.values {
                let found = try #require(tensors.first { $0["name"] == .string(name) })
                let stats = try #require(found["stats"])
                let finite = values.filter(\.isFinite).map(Double.init)
                #expect(stats["min"]?.doubleValue == finite.min())
                #expect(stats["max"]?.doubleValue == finite.max())
                #expect(stats["zeros"]?.integerValue == finite.count { $0 == 0 })
                #expect(stats["nan"]?.integerValue == values.count { $0.isNaN })
                let bins = stats["histogram"]?["counts"]?.arrayValue?.compactMap(\.integerValue)
                #expect(bins?.count == 16)
                #expect(bins?.reduce(0, +) == finite.count)
                let shape = found["shape"]?.arrayValue?.compactMap(\.integerValue) ?? []
                let tensor = try Tensor(values, shape: Shape(shape))
                #expect(found["digest"]?.stringValue == tensor.digest().hexadecimal)
            }
            let weight = tensors.first { $0["name"] == "conv1.weight" }
            #expect(weight?["stats"]?["dead_channels"]?["count"] == 1)
            #expect(weight?["stats"]?["dead_channels"]?["first"] == [2])
        }
    }

    @Test(arguments: ["conv1.weight", "conv1/weight", "/conv1/weight"])
    func aTensorIsFoundUnderEverySpelling(_ name: String) throws {
        try withModel { tool in
            let result = try tool.run("inspect", "m.safetensors", name, "--stats")
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("shape     (4, 1, 3, 3)"))
            #expect(result.output.contains("stats     min -1 max 3 "))
            #expect(result.output.contains("dead      channels 2"))
            #expect(result.output.contains("kernels to 4 of 4 channels"))
            let json = try tool.run("inspect", "m.safetensors", name, "--json").json()
            let expected = SampleWeights.values["conv1.weight"]?.map { JSON.number(Double($0)) }
            #expect(
                json["values"]?.arrayValue?.compactMap(\.doubleValue)
                    == expected?.compactMap(\.doubleValue))
        }
    }

    @Test func aLayerShowsItsTensors() throws {
        try withModel { tool in
            let json = try tool.run("inspect", "m.safetensors", "conv1", "--json").json()
            let names = json["tensors"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
            #expect(names?.sorted() == ["conv1.bias", "conv1.weight"])
            let text = try tool.run("inspect", "m.safetensors", "conv1").output
            #expect(text.contains("2 tensors"))
            #expect(!text.contains("block"))
        }
    }

    @Test func jsonInMetadataIsPrettyPrinted() throws {
        try withModel { tool in
            let text = try tool.run("inspect", "m.safetensors", "config").output
            #expect(text == "{\n  \"layers\": [\n    1,\n    2\n  ]\n}\n")
        }
    }

    @Test func whatIsNotThereIsNamedWithWhatIs() throws {
        try withModel { tool in
            let result = try tool.run("inspect", "m.safetensors", "conv2")
            #expect(result.status == 2)
            #expect(result.output.isEmpty)
            #expect(
                result.errors.contains("m.safetensors: has no tensor, layer or metadata 'conv2'"))
            #expect(result.errors.contains("conv1.bias"))
        }
    }

    @Test func namesCannotCommandTheTerminal() throws {
        try withTemporaryDirectory { folder in
            let hostile = "a\u{1B}[31m\u{202E}b\nc"
            let file = SampleWeights.file(
                [(hostile, "F32", [1], [0, 0, 0, 0])], metadata: ["k\u{7}": "v\u{1B}]0;x\u{7}"])
            try file.write(to: folder.appendingPathComponent("h.safetensors"))
            let tool = Tool(folder: folder)
            let object = try tool.run("inspect", "h.safetensors", "--json").json()["tensors"]?
                .arrayValue?.first?["name"]
            #expect(object?.stringValue == hostile)
            for arguments in [[], ["--stats"], [hostile]] {
                let output = try tool.run(["inspect", "h.safetensors"] + arguments).output
                #expect(output.contains("a\\u{1b}[31m\\u{202e}b\\u{a}c"))
                #expect(!output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
                #expect(!output.unicodeScalars.contains("\u{202E}"))
            }
        }
    }

    @Test func imagesAreShownAsPictures() throws {
        try withTemporaryDirectory { folder in
            // Two images of 8 x 8: one black, one white.
            let pixels = [UInt8](repeating: 0, count: 64) + [UInt8](repeating: 255, count: 64)
            let file = SampleWeights.file([("images", "U8", [2, 8, 8], pixels)], metadata: [:])
            try file.write(to: folder.appendingPathComponent("i.safetensors"))
            let output = try Tool(folder: folder).run("inspect", "i.safetensors", "images").output
            #expect(output.contains("images 0 to 1 of 2"))
            let picture = output.split(separator: "\n").filter { $0.hasSuffix("@@@@@@@@") }
            #expect(picture.count == 4)
            #expect(picture.allSatisfy { $0 == String(repeating: " ", count: 9) + "@@@@@@@@" })
        }
    }

    /// A terabyte that is all hole: reading it would take minutes.
    @Test(.timeLimit(.minutes(1))) func nothingIsReadUnlessAskedFor() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("huge.safetensors")
            let header = SampleWeights.header(
                [("w", "U8", [1 << 20, 1 << 20], 1 << 40)], metadata: [:])
            try header.write(to: path)
            let handle = try FileHandle(forWritingTo: path)
            try handle.truncate(atOffset: UInt64(header.count) + 1 << 40)
            try handle.close()
            let tool = Tool(folder: folder)
            let listing = try tool.run("inspect", "huge.safetensors", "--json")
            #expect(try listing.json()["tensors"]?.arrayValue?.first?["bytes"] == .integer(1 << 40))
            // One tensor: its first values only.
            #expect(try tool.run("inspect", "huge.safetensors", "w").status == 0)
        }
    }

    @Test func aStoreListsItsTensorsWithTheirDigests() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let store = fixture("store/sample.h5")
            let json = try tool.run("inspect", store, "--digests", "--json").json()
            #expect(json["format"] == "retort-store")
            let tensors = try #require(json["tensors"]?.arrayValue)
            let stated = try tool.run("inspect", store, "--json").json()
            for (found, listed) in zip(tensors, try #require(stated["tensors"]?.arrayValue)) {
                #expect(found["name"] == listed["name"])
                // Computed and stated agree for every tensor of a manifest.
                #expect(found["stated_digest"] == nil, "\(found["name"] ?? .null)")
                if let digest = listed["digest"] { #expect(found["digest"] == digest) }
                for key in ["shape", "dtype", "bytes", "stored_bytes", "layout"] {
                    #expect(listed[key] != nil, "\(key)")
                }
            }
            #expect(stated["objects"]?.arrayValue?.isEmpty == false)
            #expect(stated["space"]?["metadata"] != nil)
            let text = try tool.run("inspect", store, "teacher").output
            #expect(text.contains("architecture"))
            let architecture = try tool.run(
                "inspect", store, "checkpoints/teacher/architecture")
            #expect(architecture.output.contains("{\n  \""))
        }
    }

    @Test func aPlainHDF5FileShowsItsTree() throws {
        try withTemporaryDirectory { folder in
            let result = try Tool(folder: folder).run("inspect", fixture("hdf5/small.h5"))
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("HDF5 file"))
            #expect(result.output.contains("space: "))
        }
    }
}
