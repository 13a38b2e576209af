// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Tensors

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a weight file or a store: format, checksums, digests, lineage.",
        discussion: """
            Each format is held against its own rules, a store against its digests and against what \
            its objects rest on. Without --full no payload is read; the report says what was not \
            looked at. With it, a single changed bit of a store is reported with the array or the \
            structure it hit. A folder is checked file by file, shards through their index.

            A store is not sound when soft labels or an adversarial set rest on a model whose name \
            means another model now (stale). What is only absent from the store is listed as \
            missing. Distances against an epsilon are the business of 'retort evaluate'.

            Exit codes: 0 sound, 1 not sound, 2 could not be read or is of no known format.

            EXAMPLES:
              retort verify model.safetensors
              retort verify lab.h5 --full --json
              retort verify model.safetensors --certificate model.certificate.json
            """)

    @Argument(help: "The file, or a folder of weight files.")
    var file: String

    @Flag(help: "Also read every payload that has a checksum or a digest.")
    var full = false

    @Option(
        help: ArgumentHelp(
            "Also hold every tensor against the certificate of the conversion that made the file.",
            valueName: "file"))
    var certificate: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let outcome = try Verification(path: file, full: full, certificate: certificate).run()
        let rendering = VerificationRendering(outcome)
        Console.output(output.json ? rendering.json.text(pretty: true) : rendering.text)
        if !outcome.isSound { throw ExitCode(1) }
    }
}
