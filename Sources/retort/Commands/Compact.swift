// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors

struct Compact: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rewrite a store without the space of what was removed.",
        discussion: """
            Names, digests, dates, metadata and references stay as they are. The new file is \
            verified in full, then takes the place of the old one in one step, so that a crash at \
            any time leaves the one or the other. The disk needs room for both meanwhile. A store \
            in which anything is damaged is refused and stays as it is; 'retort salvage' is for those.

            EXAMPLES:
              retort compact lab.h5
            """)

    @Argument(help: "The store.")
    var store: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let result = try Store.compact(path: store)
        if output.json {
            Console.output(
                JSON.object([
                    "store": .string(store), "bytes_before": .integer(result.bytesBefore),
                    "bytes_after": .integer(result.bytesAfter),
                    "objects": .integer(result.objectCount),
                ]).text(pretty: true))
        } else {
            let objects = "\(result.objectCount) object\(result.objectCount == 1 ? "" : "s")"
            Console.output(
                "\(store): \(objects), \(result.bytesBefore) bytes before, "
                    + "\(result.bytesAfter) after")
        }
    }
}
