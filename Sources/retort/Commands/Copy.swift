// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors

struct Copy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy an object to another store, or give it another name.",
        discussion: """
            Digests, dates and metadata stay as they are, and every array is held against its digest \
            on the way. Inside one store no bytes are copied: the object gets one more name.

            EXAMPLES:
              retort copy lab.h5 teacher share.h5
              retort copy lab.h5 checkpoints/student@4 lab.h5 --as best
            """)

    @Argument(help: "The store to copy from.")
    var source: String

    @Argument(help: "The object: a name, or a path such as soft_labels/teacher.")
    var object: String

    @Argument(help: "The store to copy to; made when it is not there yet.")
    var target: String

    @Option(help: "The name it gets; its own by default.")
    var `as`: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try Store.open(path: source)
        let reference = try ObjectReference(object, in: store.entries, file: source)
        let writer = try StoreWriter.openOrCreate(path: target)
        defer { writer.close() }
        let name = `as` ?? reference.name
        let digest = try writer.copy(reference.kind, named: reference.name, from: store, as: name)
        try writer.commit()
        if output.json {
            Console.output(
                JSON.object([
                    "kind": .string(reference.kind.rawValue), "name": .string(name),
                    "digest": .string(digest.hexadecimal), "store": .string(target),
                ]).text(pretty: true))
        } else {
            Console.output("\(reference.kind.title) '\(name)' is in \(target), digest \(digest)")
        }
    }
}
