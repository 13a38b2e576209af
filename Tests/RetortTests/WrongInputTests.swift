// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import TestSupport
import Testing

/// Wrong inputs: one clear sentence, exit code 2, nothing lost.
@Suite(.serialized) struct WrongInputTests {
    /// Runs and checks the form of the refusal.
    private func refusal(
        _ tool: Tool, _ arguments: [String], mentions words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try tool.run(arguments)
        #expect(result.status == 2, "\(result.errors)", sourceLocation: sourceLocation)
        #expect(result.output.isEmpty, sourceLocation: sourceLocation)
        #expect(
            result.errors.split(separator: "\n").count == 1, "\(result.errors)",
            sourceLocation: sourceLocation)
        #expect(result.errors.hasPrefix("retort: "), sourceLocation: sourceLocation)
        for word in words {
            #expect(
                result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
        }
    }

    private func makeStore(_ tool: Tool) throws {
        let result = try tool.run(
            "train", "--store", "s.h5", "--name", "m", "--data", "digits/train[0:500]",
            "--architecture", "mlp", "--epochs", "1")
        try #require(result.status == 0, "\(result.errors)")
    }

    @Test func missingFilesAreNamed() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            for command in ["inspect", "list", "lineage"] {
                try refusal(tool, [command, "absent.h5"], mentions: ["absent.h5"])
            }
            try refusal(
                tool,
                [
                    "train", "--store", "s.h5", "--name", "m", "--data", "mnist:nowhere",
                    "--architecture", "cnn",
                ], mentions: ["nowhere"])
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/s.h5"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func truncatedStoresAreRefused() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try makeStore(tool)
            let whole = try Data(contentsOf: folder.appendingPathComponent("s.h5"))
            for share in [0.0, 0.01, 0.5, 0.99] {
                let cut = whole.prefix(Int(Double(whole.count) * share))
                try cut.write(to: folder.appendingPathComponent("cut.h5"))
                try refusal(tool, ["list", "cut.h5"], mentions: ["cut.h5"])
                try refusal(tool, ["remove", "cut.h5", "m"], mentions: ["cut.h5"])
                let after = try Data(contentsOf: folder.appendingPathComponent("cut.h5"))
                #expect(after == cut)
            }
        }
    }

    @Test func aStoreFromTheFutureIsRefused() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("future.h5").path
            let writer = try HDF5Writer.create(path: path)
            try writer.setAttribute(.string("retort-store"), named: "format", at: "/")
            try writer.setAttribute(.integer(2), named: "format_version", at: "/")
            try writer.commit()
            writer.close()
            let tool = Tool(folder: folder)
            for command in [
                ["list", "future.h5"], ["inspect", "future.h5"], ["remove", "future.h5", "m"],
            ] {
                try refusal(tool, command, mentions: ["future.h5", "2", "1"])
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatDoesNotFitIsExplained() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try makeStore(tool)
            let attack = [
                "attack", "--store", "s.h5", "--checkpoint", "m", "--data", "digits/test", "--name",
                "a",
            ]
            try refusal(
                tool, attack + ["--attack", "pgd:epsilon=0.3,stepz=4"],
                mentions: ["stepz", "steps"])
            try refusal(tool, attack + ["--attack", "magic"], mentions: ["magic", "fgsm", "pgd"])
            try refusal(
                tool, attack + ["--attack", "fgsm:epsilon=0.3", "--count", "1000000"],
                mentions: ["1000000"])
            try refusal(tool, ["remove", "s.h5", "nobody"], mentions: ["nobody", "m"])
            try refusal(
                tool,
                [
                    "train", "--store", "s.h5", "--name", "x", "--data", "digits", "--architecture",
                    "transformer",
                ], mentions: ["transformer", "resnet20"])
            try refusal(
                tool,
                ["train", "--store", "s.h5", "--name", "a/b", "--data", "digits/train[0:100]"],
                mentions: ["a/b"])
            try refusal(
                tool,
                [
                    "label", "--store", "s.h5", "--checkpoint", "m", "--data", "npy:x.npy,y.npy",
                    "--name", "l",
                ],
                mentions: ["x.npy"])
            #expect(try tool.run("list", "s.h5").status == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aSecondWriterIsRefused() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try makeStore(tool)
            let writer = try HDF5Writer.open(path: folder.appendingPathComponent("s.h5").path)
            defer { writer.close() }
            try refusal(tool, ["remove", "s.h5", "m"], mentions: ["s.h5"])
            #expect(try tool.run("list", "s.h5").status == 0)
        }
    }

    @Test(.enabled(if: getuid() != 0, "root may write anywhere")) func noPermissionIsExplained()
        throws
    {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try makeStore(tool)
            let path = folder.appendingPathComponent("s.h5").path
            try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
            try refusal(tool, ["remove", "s.h5", "m"], mentions: ["s.h5", "ermission"])
        }
    }
}
