// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a store as one self-contained HTML page.",
        discussion: """
            Every model is judged on every set, offline; the page needs no network and no other file. \
            Of a sweep the undistilled net and the one at the highest temperature are judged pair by \
            pair, and all of them in the sweep's own section. Every figure has its numbers below it \
            and can be saved as a file. What a store does not hold has no section.

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
        let opened = try Store.open(path: store.store)
        let outcome = try ReportScope(opened).evaluate(
            in: store.store, progress: ProgressReporter())
        try ReportPage(
            store: store.store, evaluations: outcome, sweeps: SweepResults.all(in: opened)
        ).write(to: out)
        Console.output("wrote \(out)")
    }
}
