// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take objects out of a store.",
        discussion: """
            All names are taken away in one transaction. An object stays while it has another name; \
            what refers to a removed object by digest is shown as missing by 'retort lineage'. The \
            bytes stay in the file until 'retort compact' rewrites it.

            EXAMPLES:
              retort remove lab.h5 teacher@1 teacher@2
              retort remove lab.h5 adversarial/fgsm-8
            """)

    @Argument(help: "The store.")
    var store: String

    @Argument(help: "The objects: names, or paths such as checkpoints/teacher.")
    var objects: [String]

    @OptionGroup var output: OutputOptions

    func run() throws {
        let writer = try StoreWriter.open(path: store)
        defer { writer.close() }
        let references = try objects.map {
            try ObjectReference($0, in: writer.entries, file: store)
        }
        for reference in references { try writer.remove(reference.kind, named: reference.name) }
        try writer.commit()
        if output.json {
            let removed = references.map {
                JSON.object(["kind": .string($0.kind.rawValue), "name": .string($0.name)])
            }
            Console.output(JSON.object(["removed": .array(removed)]).text(pretty: true))
        } else {
            for reference in references {
                Console.output("removed \(reference.kind.title) '\(reference.name)' from \(store)")
            }
        }
    }
}
