// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a store as one self-contained HTML page.",
        discussion: """
            Every model is judged on every set, offline; the page needs no network and no other file.

            EXAMPLES:
              retort report --store lab.h5 --out report.html
              retort report --store demo/demo.retort.h5 --out demo/again.html
            """)

    @OptionGroup var store: StoreOptions

    @Option(
        help: ArgumentHelp("Where the page goes; an earlier one is replaced.", valueName: "file"))
    var out: String

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        let hasSets = try !Store.open(path: store.store).adversarialSets.isEmpty
        let progress = ProgressReporter()
        let outcome =
            hasSets ? try OfflineEvaluation(store: store.store).run(progress: progress) : nil
        try ReportPage(store: store.store, evaluations: outcome).write(to: out)
        Console.output("wrote \(out)")
    }
}
