// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the whole story: train, cache, distil, attack, evaluate, report.",
        discussion: """
            Takes about a minute on two cores. The store and the report are left in DIR; an earlier \
            demo store there is kept and the run refused, so nothing is overwritten.

            EXAMPLES:
              retort demo
              retort demo --out elsewhere --data digits
            """)

    @Option(help: ArgumentHelp("Where the store and the report go.", valueName: "dir"))
    var out = "demo"

    @Option(help: ArgumentHelp("The data set.", valueName: "spec"))
    var data = "fashion-mnist"

    @Option(help: "Passes over the training data, for each of the three models.")
    var epochs = 3

    @Option(help: "Test rows to attack.")
    var rows = 300

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        guard mkdir(out, 0o755) == 0 || errno == EEXIST else {
            throw Failure("\(out): cannot make the folder: \(String(cString: strerror(errno)))")
        }
        let store = "\(out)/demo.retort.h5"
        guard access(store, F_OK) != 0 else {
            throw Failure(
                "\(store): is there already; remove it or choose another folder with --out")
        }
        let progress = ProgressReporter()
        let story = Demonstration(store: store, data: data, epochs: epochs, rows: rows)
        try story.run(progress: progress) { Console.note($0) }
        let outcome = try OfflineEvaluation(store: store).run(progress: progress)
        let page = try ReportPage(store: store, evaluations: outcome)
        try page.write(to: "\(out)/report.html")
        Console.output(EvaluationTable(outcome).summary())
        Console.output("\nstore:  \(store)\nreport: \(out)/report.html")
    }
}
