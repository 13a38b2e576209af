// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// kill -9 and Ctrl-C in the middle of training.
@Suite(.serialized) struct InterruptionTests {
    static let training = [
        "--name", "m", "--data", "digits/train[0:4000]", "--architecture", "mlp", "--epochs", "6",
        "--json",
    ]

    private func epochs(_ store: String, _ tool: Tool) throws -> Int {
        let result = try tool.run("list", store, "--json")
        guard result.status == 0 else { return 0 }
        return try (result.json()["objects"]?.arrayValue ?? []).count {
            $0["name"]?.stringValue?.contains("@") == true
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func aKilledRunResumesToTheVerySameWeights() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let whole = try tool.run(["train", "--store", "whole.h5"] + Self.training)
            try #require(whole.status == 0, "\(whole.errors)")
            for afterEpochs in [1, 3] {
                let store = "killed-\(afterEpochs).h5"
                let running = try tool.start(["train", "--store", store] + Self.training)
                #expect(
                    running.waitUntil { (try? epochs(store, tool)) ?? 0 >= afterEpochs })
                kill(running.process.processIdentifier, SIGKILL)
                _ = running.wait()
                let resumed = try tool.run(
                    ["train", "--store", store, "--resume"] + Self.training)
                #expect(resumed.status == 0, "\(resumed.errors)")
                #expect(try resumed.json()["digest"] == whole.json()["digest"])
                let last = try ["whole.h5", store].map { file in
                    try tool.run("inspect", file, "m@6", "--json").json()["tensors"]?.arrayValue?
                        .map { $0["digest"] }
                }
                #expect(last[0] == last[1])
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func ctrlCStopsAtTheLastCommit() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let running = try tool.start(["train", "--store", "s.h5"] + Self.training)
            #expect(running.waitUntil { (try? epochs("s.h5", tool)) ?? 0 >= 1 })
            kill(running.process.processIdentifier, SIGINT)
            let result = running.wait()
            guard result.status != 0 else { return }  // it was faster than the signal
            #expect(result.status == 130)
            #expect(!result.wasSignalled)
            #expect(result.errors.contains("--resume"))
            #expect(result.output.isEmpty)
            #expect(try tool.run("list", "s.h5").status == 0)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func resumingWithAnotherRecipeIsRefused() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let arguments = [
                "train", "--store", "s.h5", "--name", "m", "--data", "digits/train[0:500]",
                "--architecture", "mlp", "--epochs", "1",
            ]
            try #require(try tool.run(arguments).status == 0)
            let again = try tool.run(arguments)
            #expect(again.status == 2)
            #expect(again.errors.contains("--resume"))
            let other = try tool.run(arguments + ["--resume", "--seed", "7"])
            #expect(other.status == 2)
            #expect(other.errors.contains("seed"))
            let same = try tool.run(arguments + ["--resume"])
            #expect(same.status == 0, "\(same.errors)")
        }
    }
}
