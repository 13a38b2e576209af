// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// `retort convert` as users run it, on a small convolutional model with a flattened image.
@Suite(.serialized) struct ConvertTests {
    /// Runs `body` in a folder with a store `s.h5` that holds the checkpoint `m`, an `m@1` and a
    /// data set to prove conversions on.
    private func withStore(_ body: (Tool) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let result = try tool.run(
                "train", "--store", "s.h5", "--name", "m", "--data", "digits/train[0:128]",
                "--architecture", "cnn", "--epochs", "1")
            try #require(result.status == 0, "\(result.errors)")
            try body(tool)
        }
    }

    private func convert(_ tool: Tool, _ arguments: String...) throws -> JSON {
        let result = try tool.run(["convert"] + arguments + ["--json"])
        try #require(result.status == 0, "\(arguments): \(result.errors)")
        return try result.json()
    }

    private func refusal(
        _ tool: Tool, _ arguments: [String], mentions words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try tool.run(["convert"] + arguments)
        #expect(result.status == 2, "\(result.errors)", sourceLocation: sourceLocation)
        for word in words {
            #expect(
                result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
        }
    }

    private func targets(_ certificate: JSON) -> [String: String] {
        var digests: [String: String] = [:]
        for tensor in certificate["tensors"]?.arrayValue ?? [] {
            if let name = tensor["target"]?.stringValue {
                digests[name] = tensor["target_digest"]?.stringValue
            }
        }
        return digests
    }

    private func checkpointDigest(_ tool: Tool, _ store: String, _ name: String) throws -> JSON? {
        let list = try tool.run("list", store, "--json").json()
        return list["objects"]?.arrayValue?.first { $0["name"]?.stringValue == name }?["digest"]
    }

    private func hiddenFiles(_ tool: Tool) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: tool.folder.path).filter {
            $0.hasPrefix(".retort")
        }
    }

    @Test(.timeLimit(.minutes(2))) func aCheckpointSurvivesEveryFormat() throws {
        try withStore { tool in
            let original = try checkpointDigest(tool, "s.h5", "m")
            for (file, format) in [
                ("m.retort.h5", "retort-store"), ("m.safetensors", "safetensors"),
                ("m.pt", "pytorch"), ("m.npz", "npz"), ("m.hdf5", "hdf5"),
                ("m.safetensors.index.json", "safetensors-sharded"),
                ("m.weights.h5", "keras-weights"), ("m.onnx", "onnx"), ("m.keras", "keras"),
                ("m.h5", "keras-legacy"),
            ] {
                let there = try convert(
                    tool, "s.h5", file, "--checkpoint", "m", "--to", format)
                #expect(there["target"]?["format"]?.stringValue == format)
                #expect(
                    there["logits"]?["max_abs"]?.doubleValue.map { $0 <= 1e-5 } == true, "\(file)")
                #expect(there["tensors"]?.arrayValue?.count == 8)
                let isKeras = format.hasPrefix("keras")
                for tensor in there["tensors"]?.arrayValue ?? [] {
                    let isMoved = tensor["rule"] != "unchanged"
                    let isKernel = tensor["source"]?.stringValue?.hasSuffix("weight") == true
                    #expect(isMoved == (isKeras && isKernel), "\(file): \(tensor)")
                    if isMoved { #expect(tensor["inverse_equal"] == true) }
                }
                let back = try convert(tool, file, "back.retort.h5", "--as", format)
                #expect(back["target"]?["checkpoint"]?.stringValue == format)
                if !isKeras && format != "onnx" {
                    // The graph travelled as it was, so the whole checkpoint is the same.
                    #expect(try checkpointDigest(tool, "back.retort.h5", format) == original)
                }
                let digests = Set(there["tensors"]?.arrayValue?.map { $0["source_digest"] } ?? [])
                let returned = Set(back["tensors"]?.arrayValue?.map { $0["target_digest"] } ?? [])
                #expect(digests == returned, "\(file)")
            }
            #expect(try hiddenFiles(tool).isEmpty)
            #expect(try tool.run("verify", "back.retort.h5", "--full").status == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCastStatesItsError() throws {
        try withStore { tool in
            let certificate = try convert(
                tool, "s.h5", "half.safetensors", "--checkpoint", "m", "--dtype", "bf16",
                "--certificate", "proof.json")
            let written = try JSON(
                parsing: String(
                    contentsOf: tool.folder.appendingPathComponent("proof.json"), encoding: .utf8))
            #expect(written["tensors"] == certificate["tensors"])
            #expect(written["certificate"] == "retort-conversion-1")
            for tensor in written["tensors"]?.arrayValue ?? [] {
                #expect(tensor["cast"]?["to"] == "BF16")
                let error = tensor["cast"]?["rel_l2"]?.doubleValue ?? 1
                // Half a unit in the last of 8 bits.
                #expect(error <= 0x1p-8)
                #expect(tensor["source_digest"] != tensor["target_digest"])
            }
            #expect(written["logits"]?["tolerance"] == .null)
            #expect((written["logits"]?["max_abs"]?.doubleValue ?? 0) > 0)
            let files = written["target"]?["files"]?.arrayValue ?? []
            #expect(files.count == 1 && files[0]["sha256"]?.stringValue?.count == 64)
            // Once more, into the store it came from: it is made from that checkpoint.
            _ = try convert(tool, "half.safetensors", "s.h5", "--as", "half")
            let lineage = try tool.run("lineage", "s.h5", "--json").json()
            let digest = try checkpointDigest(tool, "s.h5", "half")
            let edge = lineage["edges"]?.arrayValue?.first { $0["derived"] == digest }
            let origin = try checkpointDigest(tool, "s.h5", "m")
            #expect(edge?["origin"] == origin)
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatCannotBeConvertedIsExplained() throws {
        try withStore { tool in
            let m = ["s.h5", "--checkpoint", "m"]
            func at(_ out: String) -> [String] { [m[0], out] + m[1...] }
            try refusal(tool, at("x.bin"), mentions: ["x.bin", ".safetensors", ".onnx", "--to"])
            try refusal(tool, at("x.h5"), mentions: ["x.h5", "keras-legacy", "hdf5"])
            try refusal(tool, at("x.gguf"), mentions: ["read and not written"])
            try refusal(tool, at("x.npy"), mentions: ["8 tensors", ".npz"])
            try refusal(tool, at("x.pt") + ["--as", "m"], mentions: ["--as", "PyTorch file"])
            try refusal(tool, at("x.onnx") + ["--layout", "keras"], mentions: ["PyTorch's layout"])
            try refusal(tool, at("s.h5"), mentions: ["'m'", "already"])
            try refusal(tool, at("nowhere/x.pt"), mentions: ["nowhere/x.pt", "o such file"])
            try refusal(
                tool, at("x.pt") + ["--graph", "nonsense"], mentions: ["nonsense", "resnet20"])
            try refusal(
                tool, at("x.pt") + ["--graph", "cnn:1x28"], mentions: ["cnn:CxHxW,CLASSES"])
            try refusal(
                tool, at("x.pt") + ["--graph", "mlp:1x28x28,10"], mentions: ["s.h5"])
            _ = try convert(tool, "s.h5", "m.safetensors", "--checkpoint", "m")
            try refusal(
                tool, ["m.safetensors", "./m.safetensors", "--dtype", "f16"],
                mentions: ["is the file to convert"])
            try refusal(tool, ["m.safetensors", "m.pt", "--checkpoint", "m"], mentions: ["store"])
            try refusal(
                tool, ["m.safetensors", "s.h5", "--to", "npz"], mentions: ["is a store"])
            #expect(try tool.run("convert", "m.safetensors").status == 64)
            #expect(try tool.run("convert", "m.safetensors", "a.pt", "--to", "gguf").status == 64)
            #expect(try hiddenFiles(tool).isEmpty)
            let left = try FileManager.default.contentsOfDirectory(atPath: tool.folder.path)
            #expect(!left.contains { $0.hasPrefix("x.") })
        }
    }

    @Test(.timeLimit(.minutes(1))) func layoutsFollowTheGraphAndNothingIsGuessed() throws {
        try withStore { tool in
            // Keras's layout in a format that has none of its own, and back.
            let keras = try convert(
                tool, "s.h5", "k.npz", "--checkpoint", "m", "--layout", "keras")
            let rules = (keras["tensors"]?.arrayValue ?? []).compactMap { $0["rule"]?.stringValue }
            #expect(rules.contains("OIHW -> HWIO"))
            #expect(rules.contains { $0.contains("CHW to HWC") }, "\(rules)")
            #expect(targets(keras).keys.contains("fc1/kernel"))
            let back = try convert(tool, "k.npz", "p.npz", "--layout", "pytorch")
            let plain = try convert(tool, "s.h5", "q.npz", "--checkpoint", "m")
            #expect(targets(back) == targets(plain))
            // The same arrays without what they carried: a graph given by hand does it too.
            try stripMetadata("k.npz", to: "bare.npz", tool)
            try refusal(
                tool, ["bare.npz", "z.npz", "--layout", "pytorch"],
                mentions: ["bare.npz", "--graph"])
            let named = try convert(
                tool, "bare.npz", "r.npz", "--layout", "pytorch", "--graph", "cnn:1x28x28,10")
            #expect(targets(named) == targets(plain))
            let stored = try convert(
                tool, "bare.npz", "b.retort.h5", "--as", "m", "--graph", "s.h5#m")
            #expect(
                try checkpointDigest(tool, "b.retort.h5", "m")
                    == checkpointDigest(tool, "s.h5", "m"))
            #expect(stored["logits"]?["max_abs"]?.doubleValue == 0)
        }
    }

    /// Writes the archive without the member that only Retort reads.
    private func stripMetadata(_ name: String, to other: String, _ tool: Tool) throws {
        for tensor in try tool.run("inspect", name, "--json").json()["tensors"]?.arrayValue ?? [] {
            #expect(tensor["name"]?.stringValue?.contains("retort") == false)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.currentDirectoryURL = tool.folder
        process.arguments = [
            "python3", "-c",
            """
            import zipfile
            with zipfile.ZipFile("\(name)") as a, zipfile.ZipFile("\(other)", "w") as b:
                for m in a.infolist():
                    if "__retort__" not in m.filename: b.writestr(m.filename, a.read(m))
            """,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
