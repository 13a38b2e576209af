// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// `retort verify` on sound, damaged and unknown files, and on stores whose names moved on.
@Suite(.serialized) struct VerifyTests {
    private func verify(_ tool: Tool, _ arguments: String...) throws -> (Tool.Result, JSON) {
        let result = try tool.run(["verify"] + arguments + ["--json"])
        return (result, result.output.isEmpty ? .null : try result.json())
    }

    @Test func aSoundStoreIsSound() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            for options in [[], ["--full"]] {
                let path = fixture("store/sample.h5")
                let result = try tool.run(["verify", path, "--json"] + options)
                #expect(result.status == 0, "\(result.errors)")
                let json = try result.json()
                #expect(json["sound"] == true)
                #expect(json["format"] == "retort-store")
                #expect(json["problems"]?.arrayValue?.isEmpty == true)
                // What was not looked at is said.
                #expect(json["not_checked"]?.arrayValue?.isEmpty == !options.isEmpty)
            }
        }
    }

    @Test func aFlippedBitInAStoreIsNamed() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let path = folder.appendingPathComponent("s.h5")
            try tool.run(
                "train", "--store", "s.h5", "--name", "m", "--data", "digits/train[0:200]",
                "--architecture", "mlp", "--epochs", "1")
            var bytes = try Data(contentsOf: path)
            let (whole, _) = try verify(tool, "s.h5", "--full")
            #expect(whole.status == 0)
            // Weights are the bulk of the file, stored as they are.
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: path)
            let (quick, _) = try verify(tool, "s.h5")
            #expect(quick.status == 0, "payloads are read with --full only")
            let (full, json) = try verify(tool, "s.h5", "--full")
            #expect(full.status == 1)
            #expect(json["sound"] == false)
            let problem = try #require(json["problems"]?.arrayValue?.first)
            #expect(problem["object"]?.stringValue?.contains("/checkpoints/m") == true)
            #expect(problem["problem"]?.stringValue?.contains("bytes have changed") == true)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func softLabelsOfAReplacedTeacherAreStale() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            func train(_ name: String, _ seed: String) throws {
                let result = try tool.run(
                    "train", "--store", "s.h5", "--name", name, "--data", "digits/train[0:200]",
                    "--architecture", "mlp", "--epochs", "1", "--seed", seed)
                try #require(result.status == 0, "\(result.errors)")
            }
            try train("t", "1")
            try tool.run(
                "label", "--store", "s.h5", "--checkpoint", "t", "--data", "digits/train[0:200]",
                "--name", "cache")
            let (fresh, _) = try verify(tool, "s.h5")
            #expect(fresh.status == 0)
            try tool.run("remove", "s.h5", "t")
            try tool.run("remove", "s.h5", "t@1")
            // What is only gone misleads nobody.
            let (gone, missing) = try verify(tool, "s.h5")
            #expect(gone.status == 0)
            #expect(missing["missing"]?.arrayValue?.count == 1)
            #expect(missing["missing"]?.arrayValue?.first?["relation"] == "teacher")
            try train("t", "2")
            let (stale, json) = try verify(tool, "s.h5")
            #expect(stale.status == 1)
            #expect(json["stale"]?.arrayValue?.first?["objects"] == ["/soft_labels/cache"])
            #expect(json["problems"]?.arrayValue?.first?["object"] == "/soft_labels/cache")
        }
    }

    @Test func damageIsUnsoundAndTheUnknownIsNotJudged() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let whole = try Data(contentsOf: URL(fileURLWithPath: fixture("store/sample.h5")))
            try whole.prefix(whole.count / 2).write(to: folder.appendingPathComponent("cut.h5"))
            try Data("hello".utf8).write(to: folder.appendingPathComponent("text"))
            try Data().write(to: folder.appendingPathComponent("empty"))
            let (cut, json) = try verify(tool, "cut.h5")
            #expect(cut.status == 1)
            #expect(json["sound"] == false)
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("folder"), withIntermediateDirectories: false)
            for name in ["text", "empty", "absent", "folder"] {
                let result = try tool.run("verify", name)
                #expect(result.status == 2, "\(name)")
                #expect(result.errors.contains(name), "\(result.errors)")
                #expect(result.output.isEmpty)
            }
        }
    }

    @Test func payloadsOfAZipAreHeldAgainstTheirChecksums() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let path = folder.appendingPathComponent("set.pt")
            var bytes = try Data(
                contentsOf: URL(fileURLWithPath: fixture("sets/torchattacks.pt")))
            try bytes.write(to: path)
            let (sound, _) = try verify(tool, "set.pt", "--full")
            #expect(sound.status == 0)
            // The examples: 10 x 3 x 4 x 5 floats, the first of the storages.
            let name = try #require(bytes.range(of: Data("/data/0".utf8)))
            bytes[name.upperBound + 200] ^= 1
            try bytes.write(to: path)
            let (quick, _) = try verify(tool, "set.pt")
            #expect(quick.status == 0)
            let (full, json) = try verify(tool, "set.pt", "--full")
            #expect(full.status == 1, "\(json)")
            #expect(json["problems"]?.arrayValue?.count == 1)
        }
    }

    @Test func aFolderIsCheckedFileByFile() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let share = folder.appendingPathComponent("share")
            try FileManager.default.createDirectory(at: share, withIntermediateDirectories: false)
            let sound = URL(fileURLWithPath: fixture("store/sample.h5"))
            try FileManager.default.copyItem(at: sound, to: share.appendingPathComponent("a.h5"))
            try Data("{}".utf8).write(to: share.appendingPathComponent("config.json"))
            let (one, _) = try verify(tool, "share")
            #expect(one.status == 0)
            let whole = try Data(contentsOf: sound)
            try whole.prefix(whole.count - 64).write(to: share.appendingPathComponent("b.h5"))
            let (two, json) = try verify(tool, "share")
            #expect(two.status == 1)
            #expect(
                json["problems"]?.arrayValue?.first?["object"]?.stringValue?.hasPrefix("b.h5")
                    == true)
        }
    }
}
