// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the checkpoints, soft labels, adversarial sets and data sets of a store.",
        discussion: """
            EXAMPLES:
              retort list lab.h5
              retort list lab.h5 --json
            """)

    @Argument(help: "The store.")
    var store: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try Store.open(path: store)
        if output.json {
            let objects = store.entries.map(InspectionJSON.json)
            Console.output(JSON.object(["objects": .array(objects)]).text(pretty: true))
        } else {
            Console.output(try StoreListing(store).text())
        }
    }
}
