// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Interchange
import Tensors

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two files of weights, tensor by tensor, whatever their formats.",
        discussion: """
            Tensors are matched by name (however spelled), then by content, then by shape and \
            values. Where one file has Keras's layout and the other PyTorch's, kernels are brought \
            to one, and the report says by which rule. Another shape, type or name, and a tensor \
            that only one file has, are differences; --atol and --rtol cover values alone: \
            |a - b| <= atol + rtol * |b|. NaN equals NaN by position, an infinity the same \
            infinity, and -0 equals 0; all of these are counted. Relative L2 is |a - b| / |b|.

            A and B may name a checkpoint of a store: lab.h5#teacher.

            Exit codes: 0 equal, 1 different, 2 could not compare.

            EXAMPLES:
              retort diff model.keras model.pt
              retort diff lab.h5#teacher lab.h5#student
              retort diff before.safetensors after.safetensors --rtol 1e-3 --json
            """)

    @Argument(help: "A file of any format that 'retort inspect' reads.")
    var a: String

    @Argument(help: "The file to compare it with; the reference of relative differences.")
    var b: String

    @Option(help: ArgumentHelp("Absolute difference that does not count.", valueName: "x"))
    var atol: Double?

    @Option(help: ArgumentHelp("Difference relative to B that does not count.", valueName: "x"))
    var rtol: Double?

    @Option(help: "exact: compare axes as they lie in the files.")
    var layout: LayoutHandling?

    @Option(help: ArgumentHelp("The checkpoint of A, where A is a store.", valueName: "name"))
    var checkpointA: String?

    @Option(help: ArgumentHelp("The checkpoint of B, where B is a store.", valueName: "name"))
    var checkpointB: String?

    @OptionGroup var output: OutputOptions

    enum LayoutHandling: String, CaseIterable, ExpressibleByArgument {
        case exact
    }

    func validate() throws {
        for (name, value) in [("--atol", atol), ("--rtol", rtol)] {
            guard let value else { continue }
            guard value >= 0, value.isFinite else {
                throw ValidationError("\(name) is \(value), expected a number from 0 on")
            }
        }
    }

    func run() throws {
        let options = ComparisonOptions(
            tolerance: Tolerance(absolute: atol ?? 0, relative: rtol ?? 0),
            isLayoutExact: layout == .exact)
        let comparison = FileComparison(
            try ComparedFile(a, checkpoint: checkpointA),
            try ComparedFile(b, checkpoint: checkpointB), options: options)
        Console.output(
            output.json
                ? DiffJSON(comparison).json.text(pretty: true) : DiffText(comparison).text)
        guard !comparison.isEqual else { return }
        throw ExitCode(comparison.isDifferent ? 1 : 2)
    }
}
