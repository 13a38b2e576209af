// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// Sets and soft labels that come from other tools and leave for them, through the command line.
@Suite(.serialized) struct ForeignSetsTests {
    private let data = "npy:\(fixture("sets/images.npy")),\(fixture("sets/labels.npy"))"

    private func set(_ name: String) -> String { fixture("sets/" + name) }

    @discardableResult
    private func json(_ tool: Tool, _ arguments: String...) throws -> JSON {
        let result = try tool.run(arguments + ["--json"])
        try #require(result.status == 0, "\(arguments): \(result.errors)")
        return try result.json()
    }

    private func trained(_ tool: Tool) throws {
        let result = try tool.run(
            "train", "--store", "s.h5", "--name", "net", "--data", data, "--architecture", "mlp",
            "--epochs", "1")
        try #require(result.status == 0, "\(result.errors)")
    }

    @Test(.timeLimit(.minutes(1))) func anImportedSetIsEvaluated() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try trained(tool)
            let made = try json(
                tool, "import", set("torchattacks.pt"), "--store", "s.h5", "--name", "fgsm",
                "--data", data, "--checkpoint", "net", "--epsilon", "8/255")
            #expect(made["rows"] == 10)
            #expect(made["violations"] == 0)
            #expect(made["form"] == "torchattacks")
            #expect(made["threat_model"]?["epsilon_exact"] == "8/255")
            #expect(made["status_counts"]?["unknown"] == 0)
            let results = try json(tool, "evaluate", "--store", "s.h5")["results"]?.arrayValue
            let result = try #require(results?.first)
            #expect(result["access"] == "white-box")
            #expect(result["rows"] == 10)
            #expect(result["threat_model"]?["violations"] == 0)
            #expect(try tool.run("verify", "s.h5", "--full").status == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func rowsAndTheirDigestSurviveTheWayThroughNPZ() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try trained(tool)
            let made = try json(
                tool, "attack", "--store", "s.h5", "--checkpoint", "net", "--data", data,
                "--attack", "pgd:epsilon=8/255,steps=3", "--name", "pgd")
            try json(tool, "export", "s.h5", "pgd", "pgd.npz")
            let back = try json(
                tool, "import", "pgd.npz", "--store", "other.h5", "--name", "pgd")
            #expect(back["digest"] == made["digest"])
            #expect(back["source_digest"] == made["source_digest"])
            #expect(back["threat_model"] == made["threat_model"])
            let labels = try json(
                tool, "label", "--store", "s.h5", "--checkpoint", "net", "--data", data, "--name",
                "cache")
            try json(tool, "export", "s.h5", "cache", "cache.npz")
            let again = try json(
                tool, "import", "cache.npz", "--as", "soft-labels", "--store", "other.h5", "--name",
                "cache", "--data", data)
            #expect(again["digest"] == labels["digest"])
            #expect(again["teacher_digest"] == labels["teacher_digest"])
        }
    }

    @Test func aSetWithoutAModelIsATransferAndNothingIsMissing() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let fog = try json(
                tool, "import", set("cifar-10-c"), "--store", "s.h5", "--name", "fog-3", "--data",
                data, "--array", "fog", "--severity", "3")
            #expect(fog["source_digest"] == .null)
            #expect(fog["epsilon_measured"] == true)
            let epsilon = try #require(fog["threat_model"]?["epsilon"]?.doubleValue)
            #expect(abs(epsilon - 15 / 255) < 1e-6)
            #expect(fog["status_counts"]?["unknown"] == 10)
            let verified = try json(tool, "verify", "s.h5", "--full")
            #expect(verified["sound"] == true)
            #expect(verified["missing"]?.arrayValue?.isEmpty == true)
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatDoesNotBelongToTheDataIsRefused() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let base = ["--store", "s.h5", "--name", "x"]
            let shifted = data + "/test[1:10]"
            for (arguments, words) in [
                (["import", set("torchattacks.pt"), "--data", shifted], ["10 rows", "9"]),
                (
                    ["import", set("torchattacks-int.pt"), "--epsilon", "1/255", "--data", data],
                    ["rows are further", "1/255"]
                ),
                (["import", set("autoattack.pth")], ["--data"]),
                (["import", set("nan.pth"), "--data", data], ["nan", "row 7"]),
                (["import", set("normalised.pt"), "--data", data], ["normalised"]),
                (
                    ["import", set("probabilities.npy"), "--as", "soft-labels", "--data", data],
                    ["probabilities"]
                ),
                (
                    ["import", set("logits.npy"), "--as", "soft-labels", "--data", shifted],
                    ["10 rows", "9"]
                ),
                (["import", set("logits.npy"), "--as", "soft-labels"], ["--data"]),
            ] as [([String], [String])] {
                let result = try tool.run(arguments + base)
                #expect(result.status == 2, "\(arguments): \(result.output)")
                for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
            }
            // Other labels than the data has: the first row that differs is named.
            let reversed = "npy:\(set("images.npy")),\(folder.path)/labels.npy"
            let labels = try Data(contentsOf: URL(fileURLWithPath: set("labels.npy")))
            var other = labels
            other[128 + 8 * 4] = (other[128 + 8 * 4] + 1) % 4
            try other.write(to: folder.appendingPathComponent("labels.npy"))
            let result = try tool.run(
                ["import", set("torchattacks.pt"), "--data", reversed] + base)
            #expect(result.status == 2)
            #expect(result.errors.contains("in row 4"), "\(result.errors)")
        }
    }

    @Test func exportsNameWhatTheyCannotWrite() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            let store = fixture("store/sample.h5")
            for (arguments, word) in [
                (["export", store, "nobody", "x.npz"], "nobody"),
                (["export", store, "teacher", "x.npz"], "convert"),
            ] {
                let result = try tool.run(arguments)
                #expect(result.status == 2)
                #expect(result.errors.contains(word), "\(result.errors)")
            }
        }
    }
}
