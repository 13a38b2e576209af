// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Tensors

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge stored checkpoints on stored adversarial sets, offline.",
        discussion: """
            Nothing but the store is read. Distances are measured again in double precision; rows \
            that break their set's threat model count as not attacked and are listed under --json. \
            Equal digests of model and source mean white-box, anything else is called transfer.

            EXAMPLES:
              retort evaluate --store lab.h5
              retort evaluate --store lab.h5 --checkpoint student --set fgsm-8 --set pgd-8 --json
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "A checkpoint to judge; give it again for more; all by default.")
    var checkpoint: [String] = []

    @Option(help: "A set to judge on; give it again for more; all by default.")
    var set: [String] = []

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        let evaluation = OfflineEvaluation(store: store.store, checkpoints: checkpoint, sets: set)
        let outcome = try evaluation.run(progress: ProgressReporter())
        if output.json {
            Console.output(outcome.json.text(pretty: true))
        } else {
            Console.output(EvaluationTable(outcome).text())
        }
    }
}
