// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors

struct Salvage: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy what is sound in a damaged store to a new one, and list the rest.",
        discussion: """
            Every object whose digests still hold is copied, under all its names; the others are \
            listed, each with what is wrong with it. Where a list of names is damaged as well, the \
            file is searched: objects found without their names are called 'recovered-' and the \
            beginning of their digest, and removed ones may be among them. The damaged store stays \
            as it is.

            Exit codes: 0 everything was saved, 1 something was lost, 2 nothing could be saved.

            EXAMPLES:
              retort salvage damaged.h5 saved.h5
              retort salvage damaged.h5 saved.h5 --json
            """)

    @Argument(help: "The damaged store.")
    var damaged: String

    @Argument(help: "The new store, which must not exist.")
    var out: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let result = try Store.salvage(path: damaged, to: out)
        Console.output(output.json ? Self.json(result).text(pretty: true) : text(result))
        if !result.lost.isEmpty { throw ExitCode(1) }
    }

    private func text(_ result: StoreSalvage) -> String {
        var lines = result.saved.map { "saved  \($0.path)  \($0.digest.short)" }
        lines += result.lost.map { "lost   " + printable($0.description) }
        let count = result.saved.count
        lines.append(
            "\(out): \(count) name\(count == 1 ? "" : "s") saved from \(damaged), "
                + (result.lost.isEmpty ? "nothing lost" : "\(result.lost.count) lost"))
        return lines.joined(separator: "\n")
    }

    private static func json(_ result: StoreSalvage) -> JSON {
        [
            "saved": .array(
                result.saved.map {
                    [
                        "kind": .string($0.kind.rawValue), "name": .string($0.name.description),
                        "digest": .string($0.digest.hexadecimal),
                    ]
                }),
            "lost": .array(
                result.lost.map { ["object": .string($0.object), "problem": .string($0.problem)] }),
        ]
    }
}
