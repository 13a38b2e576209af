// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors

struct Lineage: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what rests on what: data, teacher, soft labels, student, adversarial sets.",
        discussion: """
            References are digests, so a name that was given to something else since is shown as \
            stale, and what was removed as missing.

            EXAMPLES:
              retort lineage lab.h5
              retort lineage lab.h5 --dot | dot -Tsvg > lineage.svg
            """)

    @Argument(help: "The store.")
    var store: String

    @Flag(help: "Print a graph for Graphviz.")
    var dot = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let lineage = try Store.open(path: store).lineage
        let rendering = LineageRendering(lineage)
        if output.json {
            Console.output(rendering.json.text(pretty: true))
        } else {
            Console.output(dot ? rendering.dot : rendering.text)
        }
    }
}
