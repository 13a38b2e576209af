// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HDF5
import Tensors

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a store or an HDF5 file holds.",
        discussion: """
            Only metadata is read, by a reader that executes nothing and follows no links; --stats \
            reads the tensors too. OBJECT is a path in the file or a name in a store.

            EXAMPLES:
              retort inspect lab.h5
              retort inspect lab.h5 teacher --stats
            """)

    @Argument(help: "The file.")
    var file: String

    @Argument(help: "An object in it.")
    var object: String?

    @Flag(help: "Read the tensors: minimum, maximum, mean, deviation, zeros, NaN, infinities.")
    var stats = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let inspection = try Inspection(path: file, object: object)
        let rendering = InspectionRendering(inspection: inspection, withStatistics: stats)
        Console.output(output.json ? try rendering.json().text(pretty: true) : try rendering.text())
    }
}
