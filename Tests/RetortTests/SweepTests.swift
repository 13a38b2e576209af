// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import retort

/// Distilling at several temperatures and attacking every net.
@Suite(.serialized) struct SweepTests {
    static let sweep = [
        "sweep", "--data", "digits/train[0:1500]", "--architecture", "mlp", "--epochs", "1",
        "--temperatures", "1,30", "--rows", "40", "--sources", "4", "--seed", "1",
    ]

    @Test(.timeLimit(.minutes(3)))
    func everythingIsMadeOnceAndMeasuredFromTheStore() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let arguments = Self.sweep + ["--store", "s.h5", "--attacks", "jsma-f,jsma-ft,pgd"]
            let first = try tool.run(arguments + ["--json"])
            try #require(first.status == 0, "\(first.errors)")
            let json = try first.json()
            try check(json)
            let size = try folder.appendingPathComponent("s.h5").resourceValues(
                forKeys: [.fileSizeKey]
            ).fileSize
            let again = try tool.run(arguments + ["--json"])
            #expect(try again.json() == json)
            let after = try folder.appendingPathComponent("s.h5").resourceValues(
                forKeys: [.fileSizeKey]
            ).fileSize
            #expect(size == after, "a second run writes nothing")
            // One more attack is added to what is there.
            let more = try tool.run(
                Self.sweep + ["--store", "s.h5", "--attacks", "jsma-f,jsma-ft,pgd,pgd-ce"])
            #expect(more.status == 0, "\(more.errors)")
            #expect(more.output.contains("T = 30"))
            #expect(!more.errors.contains("test accuracy"), "a net was trained again")
            #expect(more.errors.contains("sweep.student.T30.pgd-ce"))
            let verified = try tool.run("verify", "s.h5", "--full")
            #expect(verified.status == 0, "\(verified.output)")
        }
    }

    private func check(_ json: JSON) throws {
        let temperatures = try #require(json["temperatures"]?.arrayValue)
        #expect(temperatures.compactMap { $0["temperature"]?.doubleValue } == [1, 30])
        for entry in temperatures {
            let student = try #require(entry["student"])
            #expect(entry["teacher_accuracy"]?.doubleValue ?? 0 > 0.3)
            // Nine targets for each source.
            #expect(student["jsma"]?["attacks"] == 36)
            #expect(student["jsma"]?["sources"] == 4)
            let interval = student["jsma"]?["interval_95"]?.arrayValue?.compactMap(\.doubleValue)
            let success = try #require(student["jsma"]?["success"]?.doubleValue)
            #expect(try #require(interval)[0] <= success)
            #expect(try #require(interval)[1] >= success)
            #expect(student["pgd"]?["rows"] == 40)
            #expect(student["cw"] == .null)
        }
        // The teacher at T = 1 is the baseline: the recipe is the same.
        #expect(temperatures[0]["teacher_accuracy"] == json["baseline"]?["test_accuracy"])
        // A net distilled at 30 has the larger logits.
        let gaps = temperatures.compactMap {
            $0["student"]?["gradients"]?["mean_logit_l1"]?.doubleValue
        }
        #expect(gaps[1] > gaps[0] * 1.2)
    }

    @Test(.timeLimit(.minutes(2)))
    func otherSettingsUnderTheSamePrefixAreRefused() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let arguments = Self.sweep + ["--store", "s.h5", "--attacks", "pgd"]
            try #require(try tool.run(arguments).status == 0)
            let other = try tool.run(arguments + ["--learning-rate", "0.002"])
            #expect(other.status == 2)
            #expect(other.errors.contains("learning_rate"))
            let rows = try tool.run(arguments + ["--rows", "50"])
            #expect(rows.status == 2)
            #expect(rows.errors.contains("--prefix"))
            let beside = try tool.run(arguments + ["--rows", "50", "--prefix", "other"])
            #expect(beside.status == 0, "\(beside.errors)")
        }
    }

    /// One process of two has done its part and the other never came.
    @Test(.timeLimit(.minutes(2)))
    func whatAnotherProcessLeftIsTakenIn() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let arguments = Self.sweep + ["--store", "s.h5", "--attacks", "pgd"]
            let part = try tool.run(arguments, environment: ["RETORT_RANK": "1/2"])
            try #require(part.status == 0, "\(part.errors)")
            #expect(part.output.isEmpty)
            let files = FileManager.default
            #expect(files.fileExists(atPath: folder.path + "/s.h5.rank1"))
            #expect(!files.fileExists(atPath: folder.path + "/s.h5"))
            // Even by a sweep of another name.
            let other = try tool.run(
                arguments + ["--prefix", "other", "--temperatures", "1"])
            #expect(other.status == 0, "\(other.errors)")
            #expect(!files.fileExists(atPath: folder.path + "/s.h5.rank1"))
            let rest = try tool.run(arguments)
            #expect(rest.status == 0, "\(rest.errors)")
            #expect(rest.errors.contains("sweep.student.T1: test accuracy"))
            #expect(!rest.errors.contains("sweep.student.T30: test accuracy"))
            #expect(rest.output.contains("T = 30"))
        }
    }

    @Test(arguments: [
        (["--temperatures", "1,x"], "'x'"), (["--temperatures", "1,1"], "twice"),
        (["--attacks", "pgd,nothing"], "'nothing'"), (["--prefix", "a/b"], "--prefix"),
        (["--epsilon", "nothing"], "nothing"),
    ])
    func wrongSettingsAreNamed(_ extra: [String], _ words: String) throws {
        try withTemporaryDirectory { folder in
            let result = try Tool(folder: folder).run(Self.sweep + ["--store", "s.h5"] + extra)
            #expect(result.status == 2 || result.status == 64)
            #expect(result.errors.contains(words), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/s.h5"))
        }
    }
}

@Suite struct RankCorrelationTests {
    /// Against scipy.stats.spearmanr 1.17; the first is the table of the founding notes.
    static let cases: [([Double], [Double], Double)] = [
        (
            [1, 2, 5, 10, 20, 30, 40, 50, 100],
            [91, 82.23, 24.67, 6.78, 1.34, 1.44, 0.45, 1.45, 0.45], -0.870_300_505_106
        ),
        ([1, 2, 3], [3, 5, 9], 1), ([1, 2, 3, 4], [4, 4, 1, 1], -0.894_427_191),
    ]

    @Test(arguments: cases)
    func agreesWithScipy(_ left: [Double], _ right: [Double], _ expected: Double) throws {
        let found = try #require(RankCorrelation.spearman(left, right))
        #expect(abs(found - expected) < 1e-9)
    }

    @Test func aConstantSideHasNone() {
        #expect(RankCorrelation.spearman([1, 2, 3], [5, 5, 5]) == nil)
        #expect(RankCorrelation.spearman([1], [1]) == nil)
    }
}
