// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// The main job on a small scale: train, label, distil, attack, evaluate, report, and what the
/// commands print under `--json`.
@Suite(.serialized) struct StoryTests {
    @Test(.timeLimit(.minutes(2)))
    func theWholeStoryRunsOffline() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            func json(_ arguments: String...) throws -> JSON {
                let result = try tool.run(arguments + ["--json"])
                try #require(result.status == 0, "\(arguments): \(result.errors)")
                return try result.json()
            }
            let teacher = try json(
                "train", "--store", "s.h5", "--name", "teacher", "--data", "digits/train[0:3000]",
                "--architecture", "mlp", "--epochs", "2", "--temperature", "20")
            #expect((teacher["test_accuracy"]?.doubleValue ?? 0) > 0.5)
            #expect((teacher["images_per_second"]?.doubleValue ?? 0) > 0)
            let labels = try json(
                "label", "--store", "s.h5", "--checkpoint", "teacher", "--data",
                "digits/train[0:3000]", "--name", "logits")
            #expect(labels["teacher_digest"] == teacher["digest"])
            let student = try json(
                "distill", "--store", "s.h5", "--soft-labels", "logits", "--name", "student",
                "--data", "digits/train[0:3000]", "--architecture", "mlp", "--epochs", "2",
                "--temperature", "20")
            #expect(student["digest"] != teacher["digest"])
            #expect(student["method"]?["method"] == "defensive")
            let set = try json(
                "attack", "--store", "s.h5", "--checkpoint", "teacher", "--data", "digits/test",
                "--count", "64", "--attack", "pgd:epsilon=0.3,steps=5", "--name", "pgd")
            #expect(set["source_digest"] == teacher["digest"])
            try checkEvaluation(tool, json("evaluate", "--store", "s.h5"))
            let inspected = try json("inspect", "s.h5")
            #expect(inspected["format"] == "retort-store")
            let names = (inspected["tensors"]?.arrayValue ?? []).compactMap {
                $0["name"]?.stringValue
            }
            #expect(names.contains("checkpoints/teacher/tensors/fc1/weight"))
            let report = try tool.run("report", "--store", "s.h5", "--out", "report.html")
            #expect(report.status == 0, "\(report.errors)")
            let html = try String(
                contentsOf: folder.appendingPathComponent("report.html"), encoding: .utf8)
            checkReport(html)
            let lineage = try tool.run("lineage", "s.h5")
            #expect(lineage.output.contains("student"))
        }
    }

    private func checkReport(_ html: String) {
        for title in [
            "Models", "Accuracy under attack", "Does the defence hide its gradient?",
            "What the attacks look like", "What the models take them for",
            "What the teacher knows", "Training", "What rests on what",
        ] {
            #expect(html.contains("<h2>\(title)</h2>"), "\(title)")
        }
        // Nothing targeted, minimal, swept or corrupted is stored.
        #expect(!html.contains("From every class") && !html.contains("Temperature sweep"))
        let figures = html.components(separatedBy: "<summary>Numbers</summary>").count - 1
        #expect(figures >= 6)
        #expect(html.components(separatedBy: "download=").count - 1 >= figures)
        #expect(!html.contains("src=\"http") && !html.contains("<script"))
        // A page of this store says what was tried and never gives a verdict.
        #expect(html.firstMatch(of: #/\brobust\b/#) == nil)
        #expect(html.utf8.count < 3_000_000)
    }

    private func checkEvaluation(_ tool: Tool, _ json: JSON) throws {
        let results = try #require(json["results"]?.arrayValue)
        #expect(results.count == 2)
        for result in results {
            #expect(result["rows"] == 64)
            #expect(result["set"] == "pgd")
            let isTeacher = result["checkpoint"] == "teacher"
            #expect(result["access"] == (isTeacher ? "white-box" : "transfer"))
            for key in [
                "clean_accuracy", "adversarial_accuracy", "success_rate",
                "success_rate_clean_correct", "interval_95", "masking",
            ] {
                #expect(result[key] != nil, "\(key)")
            }
            #expect(result["threat_model"]?["norm"] == "linf")
            #expect(result["threat_model"]?["epsilon"] == 0.3)
            #expect(result["threat_model"]?["violations"] != nil)
            let distance = try #require(result["threat_model"]?["max_distance"]?.doubleValue)
            #expect(distance <= 0.3 && distance > 0.29)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func aShuffledDataSetIsRefused() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            try tool.run(
                "train", "--store", "s.h5", "--name", "t", "--data", "digits/train[0:500]",
                "--architecture", "mlp", "--epochs", "1")
            try tool.run(
                "label", "--store", "s.h5", "--checkpoint", "t", "--data", "digits/train[0:500]",
                "--name", "l")
            let result = try tool.run(
                "distill", "--store", "s.h5", "--soft-labels", "l", "--name", "d", "--data",
                "digits/train[1:501]", "--architecture", "mlp", "--epochs", "1")
            #expect(result.status == 2)
            #expect(result.errors.contains("rows are not the ones the soft labels were made for"))
            let list = try tool.run("list", "s.h5", "--json").json()
            #expect(list["objects"]?.arrayValue?.count == 3)
        }
    }
}
