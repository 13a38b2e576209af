// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What does not need a trained model: usage, help, completions.
struct CommandLineTests {
    static let commands = [
        "inspect", "diff", "list", "lineage", "train", "label", "distill", "attack", "evaluate",
        "report",
        "copy", "remove", "demo",
    ]

    @Test(arguments: commands)
    func helpEndsWithTwoExamples(_ command: String) throws {
        try withTemporaryDirectory { folder in
            let result = try Tool(folder: folder).run(command, "--help")
            #expect(result.status == 0)
            let examples = try #require(result.output.range(of: "EXAMPLES:"))
            let lines = result.output[examples.upperBound...].split(separator: "\n")
            let count = lines.count { $0.contains("retort \(command) ") }
            #expect(count >= 2, "\(result.output)")
        }
    }

    @Test(arguments: [
        ["nonsense"], ["train", "--store", "s.h5"], ["inspect"],
        ["train", "--store", "s", "--name", "n", "--data", "digits", "--epochs", "many"],
        [
            "train", "--store", "s", "--name", "n", "--data", "digits", "--optimizer", "magic",
        ],
        [
            "train", "--store", "s", "--name", "n", "--data", "digits", "--schedule", "step:x",
        ],
    ])
    func usageErrorsExitWith64(_ arguments: [String]) throws {
        try withTemporaryDirectory { folder in
            let result = try Tool(folder: folder).run(arguments)
            #expect(result.status == 64)
            #expect(result.output.isEmpty)
            #expect(!result.errors.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/s"))
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionsAreGenerated(_ shell: String) throws {
        try withTemporaryDirectory { folder in
            let result = try Tool(folder: folder).run("--generate-completion-script", shell)
            #expect(result.status == 0)
            #expect(result.output.contains("retort"))
            #expect(result.output.contains("distill"))
        }
    }
}
