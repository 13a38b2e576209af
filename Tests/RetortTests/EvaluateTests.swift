// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// `retort evaluate` on sets of other tools, on models that run elsewhere, and for CI.
@Suite(.serialized) struct EvaluateTests {
    private let data = "npy:\(fixture("sets/images.npy")),\(fixture("sets/labels.npy"))"

    private func set(_ name: String) -> String { fixture("sets/" + name) }

    @discardableResult
    private func json(_ tool: Tool, status: Int32 = 0, _ arguments: String...) throws -> JSON {
        let result = try tool.run(arguments + ["--json"])
        try #require(result.status == status, "\(arguments): \(result.errors)\(result.output)")
        return try result.json()
    }

    private func trained(_ tool: Tool) throws {
        let result = try tool.run(
            "train", "--store", "s.h5", "--name", "net", "--data", data, "--architecture", "mlp",
            "--epochs", "1")
        try #require(result.status == 0, "\(result.errors)")
    }

    @Test(.timeLimit(.minutes(1))) func setsOfOtherToolsAreJudged() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try trained(tool)
            for (file, more) in [
                ("torchattacks.pt", ["--epsilon", "8/255", "--checkpoint", "net"]),
                ("autoattack.pth", ["--epsilon", "8/255"]),
                ("madry-colour.npy", ["--epsilon", "8/255"]),
                ("cifar-10-c", ["--array", "fog", "--severity", "3"]),
                ("cifar-10-c", ["--array", "fog", "--severity", "1"]),
            ] as [(String, [String])] {
                let name = file == "cifar-10-c" ? "fog-\(more.last ?? "")" : file
                let result = try tool.run(
                    ["import", set(file), "--store", "s.h5", "--name", name, "--data", data] + more)
                try #require(result.status == 0, "\(file): \(result.errors)")
            }
            let found = try json(tool, "evaluate", "--store", "s.h5", "--data", data)
            #expect(found["clean"] == true, "\(found["results"]?.text(pretty: true) ?? "")")
            let results = try #require(found["results"]?.arrayValue)
            #expect(results.count == 5)
            for result in results {
                let isOwn = result["set"] == "torchattacks.pt"
                #expect(result["access"] == (isOwn ? "white-box" : "transfer"))
                #expect(result["threat_model"]?["violations"] == 0)
                #expect(result["clean_rows"]?["agreement"]?["agrees"] == true)
                #expect(result["quantisation"]?.arrayValue?.count == 4)
                let kinds = result["defects"]?.arrayValue?.compactMap { $0["defect"]?.stringValue }
                #expect(kinds?.contains("record-incomplete") == true)
            }
            let grid = found["corruptions"]?.arrayValue?.first
            #expect(grid?["kinds"] == ["fog"] && grid?["severities"] == [1, 3])
            #expect(found["models"]?.arrayValue?.first?["probe"]?["images"] == 10)
            // The three sets of one budget on the same rows have a worst case.
            #expect(
                found["worst_cases"]?.arrayValue?.contains {
                    $0["sets"]?.arrayValue?.count ?? 0 >= 3 && $0["rows"] == 10
                } == true)
            let text = try tool.run("evaluate", "--store", "s.h5", "--details")
            #expect(text.status == 0)
            for word in ["what was not tried may break more", "saved and read again", "severity 3"]
            {
                #expect(text.output.contains(word), "\(word)")
            }
            #expect(!text.output.lowercased().contains("robust"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func aTruncatedSetEndsWithOne() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try trained(tool)
            try json(
                tool, "import", set("torchattacks-int.pt"), "--store", "s.h5", "--name", "int",
                "--data", data)
            let found = try json(tool, status: 1, "evaluate", "--store", "s.h5")
            #expect(found["clean"] == false)
            let defects = found["results"]?.arrayValue?.first?["defects"]?.arrayValue
            #expect(defects?.contains { $0["defect"] == "truncated-to-8-bits" } == true)
            let text = try tool.run("evaluate", "--store", "s.h5", "--brief")
            #expect(text.status == 1)
            #expect(text.output.contains("truncated to 8 bits"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func logitsFromElsewhereStandForAModel() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try json(
                tool, "import", set("torchattacks.pt"), "--store", "s.h5", "--name", "fgsm",
                "--data", data, "--epsilon", "8/255")
            let logits = set("logits.npy")
            let blind = try json(
                tool, "evaluate", "--store", "s.h5", "--set", "fgsm", "--logits", logits)
            let result = try #require(blind["results"]?.arrayValue?.first)
            #expect(result["clean_accuracy"] == .null)
            #expect(result["access"] == "transfer" && result["rows"] == 10)
            #expect(result["masking"]?["rows"] == 0)
            let both = try json(
                tool, "evaluate", "--store", "s.h5", "--set", "fgsm", "--logits", logits,
                "--clean-logits", logits)
            let known = try #require(both["results"]?.arrayValue?.first)
            #expect(known["clean_accuracy"] == known["adversarial_accuracy"])
            #expect(known["adversarial_accuracy"] == result["adversarial_accuracy"])
            let items = both["verdicts"]?.arrayValue?.first?["checklist"]?.arrayValue
            #expect(
                items?.contains { $0["item"] == "gradients" && $0["answer"] == "not tried" } == true
            )
            for (arguments, status) in [
                (["--logits", logits], 64), (["--set", "fgsm", "--clean-logits", logits], 64),
                (["--set", "fgsm", "--logits", set("labels.npy")], 2),
                (["--set", "fgsm", "--logits", "nowhere.npy"], 2),
            ] as [([String], Int32)] {
                let result = try tool.run(["evaluate", "--store", "s.h5"] + arguments)
                #expect(result.status == status, "\(arguments): \(result.errors)")
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func modelsOfOtherImagesAreLeftOutUnlessNamed() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try trained(tool)
            let digits = try tool.run(
                "train", "--store", "s.h5", "--name", "digits", "--data", "digits/train[0:200]",
                "--architecture", "mlp", "--epochs", "1")
            try #require(digits.status == 0, "\(digits.errors)")
            try json(
                tool, "attack", "--store", "s.h5", "--checkpoint", "net", "--data", data,
                "--attack", "fgsm:epsilon=8/255", "--name", "fgsm")
            let found = try json(tool, "evaluate", "--store", "s.h5", "--brief")
            #expect(found["results"]?.arrayValue?.count == 1)
            #expect(found["refused"]?.arrayValue?.first?["skipped"] == true)
            let named = try json(
                tool, status: 1, "evaluate", "--store", "s.h5", "--checkpoint", "digits")
            #expect(named["refused"]?.arrayValue?.first?["defect"] == "wrong-shape")
        }
    }
}
