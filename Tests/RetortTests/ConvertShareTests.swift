// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// Folders for others: `retort convert --share`.
@Suite(.serialized) struct ConvertShareTests {
    @Test(.timeLimit(.minutes(2))) func aFolderSaysWhatTheStoreKnows() throws {
        try withTemporaryDirectory { folder in
            let tool = Tool(folder: folder)
            for arguments in [
                [
                    "train", "--store", "s.h5", "--name", "teacher", "--data",
                    "digits/train[0:256]", "--architecture", "mlp", "--epochs", "1",
                    "--temperature", "10",
                ],
                [
                    "label", "--store", "s.h5", "--checkpoint", "teacher", "--data",
                    "digits/train[0:256]", "--name", "logits",
                ],
                [
                    "distill", "--store", "s.h5", "--soft-labels", "logits", "--name", "student",
                    "--data", "digits/train[0:256]", "--architecture", "mlp", "--epochs", "1",
                    "--temperature", "10",
                ],
                [
                    "attack", "--store", "s.h5", "--checkpoint", "student", "--data",
                    "digits/test", "--count", "32", "--attack", "fgsm:epsilon=0.1", "--name", "f",
                ],
            ] {
                let result = try tool.run(arguments)
                try #require(result.status == 0, "\(result.errors)")
            }
            let result = try tool.run(
                "convert", "s.h5", "--checkpoint", "student", "--share", "out", "--shard-size",
                "300kB", "--json")
            try #require(result.status == 0, "\(result.errors)")
            let json = try result.json()
            let shared = folder.appendingPathComponent("out")
            func text(_ name: String) throws -> String {
                try String(contentsOf: shared.appendingPathComponent(name), encoding: .utf8)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: shared.path)
            #expect(names.contains("model.safetensors.index.json"))
            #expect(names.filter { $0.hasSuffix(".safetensors") }.count > 1)
            let configuration = try JSON(parsing: text("config.json"))
            #expect(configuration["input_shape"] == [1, 28, 28])
            #expect(configuration["num_labels"] == 10)
            #expect(configuration["id2label"]?["3"] != nil)
            #expect(configuration["graph"]?["nodes"]?.arrayValue?.isEmpty == false)
            let card = try text("README.md")
            #expect(card.hasPrefix("---\nlicense: other\n"))
            for words in [
                "library_name: retort", "  - distillation", "linf 0.1", "white-box",
                "soft labels logits", "checkpoint teacher", "value: ",
            ] {
                #expect(card.contains(words), "\(words)\n\(card)")
            }
            // Nobody is told a verdict that no evidence gives.
            #expect(!card.lowercased().contains("robust"))
            let certificate = try JSON(parsing: text("certificate.json"))
            #expect(certificate["tensors"] == json["tensors"])
            // It is a model for everybody else's commands.
            let back = try tool.run(
                "convert", "out/model.safetensors.index.json", "back.retort.h5", "--as", "student",
                "--json")
            try #require(back.status == 0, "\(back.errors)")
            #expect(try back.json()["logits"]?["max_abs"]?.doubleValue == 0)
            let again = try tool.run("convert", "s.h5", "--checkpoint", "student", "--share", "out")
            #expect(again.status == 2)
            #expect(again.errors.contains("holds files already"))
        }
    }
}
