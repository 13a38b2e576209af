// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import retort

/// Attacks in shards, interrupted and split over processes.
@Suite(.serialized) struct RanksTests {
    static let attack = [
        "attack", "--store", "s.h5", "--checkpoint", "m", "--data", "digits/test", "--attack",
        "pgd:epsilon=0.1,steps=20,restarts=2", "--count", "700", "--json",
    ]

    /// A store with a small model `m`, and the digest of an undisturbed attack called `whole`.
    private func prepare(_ tool: Tool) throws -> JSON? {
        let trained = try tool.run(
            "train", "--store", "s.h5", "--name", "m", "--data", "digits/train[0:2000]",
            "--architecture", "mlp", "--epochs", "1")
        try #require(trained.status == 0, "\(trained.errors)")
        let whole = try tool.run(Self.attack + ["--name", "whole"])
        try #require(whole.status == 0, "\(whole.errors)")
        return try whole.json()["digest"]
    }

    private func files(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasPrefix("s.h5")
        }.sorted()
    }

    @Test(.timeLimit(.minutes(2)))
    func aKilledAttackResumesToTheVerySameSet() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            _ = try prepare(tool)
            let shards = folder.appendingPathComponent("s.h5.killed.shards").path
            // A slow one, so that there is time to kill it.
            let slow = Self.attack.map {
                $0.replacingOccurrences(of: "steps=20", with: "steps=100")
            }
            .map { $0.replacingOccurrences(of: "epsilon=0.1", with: "epsilon=0.01") }
            let undisturbed = try tool.run(slow + ["--name", "undisturbed"])
            try #require(undisturbed.status == 0, "\(undisturbed.errors)")
            let running = try tool.start(slow + ["--name", "killed"])
            let hasShard = running.waitUntil {
                (try? tool.run("list", shards, "--json").json()["objects"]?.arrayValue?.isEmpty)
                    == false
            }
            kill(running.process.processIdentifier, SIGKILL)
            _ = running.wait()
            try #require(hasShard)
            try #require(FileManager.default.fileExists(atPath: shards))
            let list = try tool.run("list", "s.h5")
            #expect(!list.output.contains("killed") && !list.output.contains("shard"))
            let refused = try tool.run(slow + ["--name", "killed"])
            #expect(refused.status == 2)
            #expect(refused.errors.contains("--resume"))
            let other = try tool.run(Self.attack + ["--name", "killed", "--resume"])
            #expect(other.status == 2)
            #expect(other.errors.contains("belongs to another run: the attack is"))
            let resumed = try tool.run(slow + ["--name", "killed", "--resume"])
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(try resumed.json()["digest"] == undisturbed.json()["digest"])
            #expect(try resumed.json()["gradients"] == undisturbed.json()["gradients"])
            #expect(try files(folder) == ["s.h5"])
            // Once more changes nothing and says the same.
            let again = try tool.run(slow + ["--name", "killed", "--resume"])
            #expect(try again.json() == resumed.json())
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func processesByHandMakeTheVerySameSet() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let whole = try prepare(tool)
            func run(rank: Int, of count: Int) throws -> Tool.Result {
                try tool.run(
                    Self.attack + ["--name", "split"],
                    environment: ["RETORT_RANK": "\(rank)/\(count)"])
            }
            let early = try run(rank: 0, of: 3)
            #expect(early.status == 2)
            #expect(early.errors.contains("2 of the 3 shards of 'split' are missing"))
            try FileManager.default.removeItem(
                at: folder.appendingPathComponent("s.h5.split.shards"))
            for rank in [2, 1, 0] {
                let result = try run(rank: rank, of: 3)
                #expect(result.status == 0, "\(result.errors)")
                #expect(result.output.isEmpty == (rank > 0), "one process speaks")
                if rank == 0 { #expect(try result.json()["digest"] == whole) }
            }
            #expect(try files(folder) == ["s.h5"])
        }
    }

    static let hasMPI = FileManager.default.fileExists(atPath: "/usr/bin/mpirun")

    private func mpirun(
        _ arguments: [String], in folder: URL, environment: [String: String] = [:]
    ) throws -> (Int32, String) {
        let process = Process()
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/mpirun")
        let executable = Bundle.main.bundleURL.appendingPathComponent("retort").path
        process.arguments =
            ["--allow-run-as-root", "--oversubscribe", "-n", "2", executable] + arguments
        process.currentDirectoryURL = folder
        let output = folder.appendingPathComponent("mpirun-output")
        try Data().write(to: output)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOf: output, encoding: .utf8))
    }

    @Test(.enabled(if: hasMPI), .timeLimit(.minutes(2)))
    func mpirunMakesTheVerySameSet() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let whole = try prepare(tool)
            let (status, output) = try mpirun(Self.attack + ["--name", "split"], in: folder)
            #expect(status == 0)
            #expect(try JSON(parsing: output)["digest"] == whole)
            #expect(try files(folder) == ["s.h5"])
        }
    }

    @Test(.enabled(if: hasMPI), .timeLimit(.minutes(3)))
    func mpirunSweepsToTheVerySameStore() throws {
        try withTemporaryDirectory { folder in
            // Weights depend on the number of kernel threads, which mpirun would share out.
            let single = ["OMP_NUM_THREADS": "1"]
            let tool = Tool(folder: folder)
            let arguments = SweepTests.sweep + ["--attacks", "pgd"]
            let alone = try tool.run(
                arguments + ["--store", "alone.h5"], environment: single)
            try #require(alone.status == 0, "\(alone.errors)")
            let (status, _) = try mpirun(
                arguments + ["--store", "s.h5"], in: folder, environment: single)
            #expect(status == 0)
            func digests(_ store: String) throws -> [String?] {
                try (tool.run("list", store, "--json").json()["objects"]?.arrayValue ?? []).map {
                    "\($0["name"] ?? .null) \($0["digest"] ?? .null)"
                }
            }
            #expect(try digests("s.h5") == digests("alone.h5"))
            #expect(try digests("s.h5").count == 12)
            #expect(try files(folder) == ["s.h5"])
        }
    }

    @Test func processorsAreSharedOut() {
        #expect(RankPlacement.share(of: [0, 1, 2, 3, 4], rank: 0, count: 2) == [0, 1])
        #expect(RankPlacement.share(of: [0, 1, 2, 3, 4], rank: 1, count: 2) == [2, 3, 4])
        #expect(RankPlacement.share(of: [4, 7], rank: 3, count: 4) == [7])
        #expect(RankPlacement.share(of: [], rank: 0, count: 2).isEmpty)
    }
}
