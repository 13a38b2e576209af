// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Robustness
import Tensors

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge stored checkpoints on stored adversarial sets, offline.",
        discussion: """
            Nothing but the store is read. Distances are measured again in double precision; rows \
            that break their set's threat model count as not attacked. Sets are held against their \
            own record, their pixels and, where the data are in the store or named by --data, their \
            clean rows. Equal digests of model and source mean white-box, anything else is called \
            transfer.

            A model that runs elsewhere is judged by its logits: --set S --logits preds.npy, and \
            --clean-logits for the rates over rows that are right when clean.

            Exit codes: 0 judged and nothing amiss; 1 a set is rejected, or holds rows or claims that \
            its pixels contradict; 2 could not be judged.

            EXAMPLES:
              retort evaluate --store lab.h5
              retort evaluate --store lab.h5 --checkpoint student --set fgsm-8 --set pgd-8 --json
              retort evaluate --store lab.h5 --data mnist:mnist/test --details
              retort evaluate --store lab.h5 --set pgd-8 --logits preds.npy --clean-logits clean.npy
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "A checkpoint to judge; give it again for more; all by default.")
    var checkpoint: [String] = []

    @Option(help: "A set to judge on; give it again for more; all by default.")
    var set: [String] = []

    @Option(
        help: ArgumentHelp(
            "Hold the clean rows against this data set; see 'retort help attack'.",
            valueName: "spec"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Logits (rows, classes) of a model that runs elsewhere, on the examples of --set.",
            valueName: "file"))
    var logits: String?

    @Option(
        help: ArgumentHelp("The same model's logits on the clean rows.", valueName: "file"))
    var cleanLogits: String?

    @Flag(help: "Also print what is known of each pair and each model.")
    var details = false

    @Flag(help: "Leave out the probe and the amplitudes, which ask models for gradients.")
    var brief = false

    func validate() throws {
        if logits != nil, set.count != 1 || !checkpoint.isEmpty {
            throw ValidationError(
                "--logits is judged on one --set and stands in the place of --checkpoint")
        }
        if cleanLogits != nil, logits == nil {
            throw ValidationError("--clean-logits goes with --logits")
        }
    }

    func run() throws {
        let ranks = try Ranks.join()
        defer { ranks.leave() }
        // What one process judges is soon done; the others of an mpirun have nothing to add.
        guard ranks.isFirst else { return }
        KernelWaiting.makePassive()
        Interruption.watch()
        let outcome = try judge()
        if output.json {
            Console.output(outcome.json.text(pretty: true))
        } else {
            let table = EvaluationTable(outcome)
            Console.output(table.text() + (details ? "\n\n" + table.details : ""))
        }
        if !outcome.isClean { throw ExitCode(1) }
    }

    private func judge() throws -> OfflineEvaluation.Outcome {
        if let logits {
            return try LogitsEvaluation(
                store: store.store, set: set[0], logits: logits, cleanLogits: cleanLogits,
                data: data
            ).run()
        }
        return try OfflineEvaluation(
            store: store.store, checkpoints: checkpoint, sets: set, data: data,
            limits: brief ? .brief : ModelSigns.Limits()
        ).run(progress: ProgressReporter())
    }
}
