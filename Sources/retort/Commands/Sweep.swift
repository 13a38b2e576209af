// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Tensors
import Training

struct Sweep: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Distil at many temperatures, attack every net, and print both curves.",
        discussion: """
            One undistilled net; for each T a teacher trained at T, its cached logits, and a student \
            distilled from them and served at T = 1, all by one recipe and from one start, a net \
            trained for --warm-start epochs at T = 1. Then the same attacks on each student: JSMA \
            with every other class as target on the first --sources test rows it gets right (on the \
            softmax, and at z/T), PGD on log-odds and on cross entropy on the first --rows, and C&W \
            on the sources.

            Everything is committed as soon as it is done and nothing is made twice: the same \
            command goes on where a run was interrupted. Started by mpirun, the processes share the \
            temperatures. The table follows from what is stored.

            EXAMPLES:
              retort sweep --store sweep.h5 --data mnist:mnist
              retort sweep --store sweep.h5 --data mnist:mnist --architecture papernot-mnist \\
                --prefix papernot --temperatures 1,10,100 --epochs 20
              mpirun -n 2 retort sweep --store sweep.h5 --data mnist:mnist
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var recipe: RecipeOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("The temperatures.", valueName: "T,..."))
    var temperatures = "1,2,5,10,20,30,40,50,100"

    @Option(help: "The network of teachers and students.")
    var architecture = "cnn"

    @Option(help: "What the names of the sweep's objects begin with.")
    var prefix = "sweep"

    @Option(help: "Epochs at T = 1 of the net that all others start from; 0 for fresh starts.")
    var warmStart = 1

    @Option(help: "Images that JSMA and C&W attack.")
    var sources = 100

    @Option(help: "Test rows that PGD attacks.")
    var rows = 1000

    @Option(help: "The attacks: some of jsma-f, jsma-ft, pgd, pgd-ce, cw.")
    var attacks = SweepAttack.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: "The linf budget of PGD (3/10 on MNIST and digits, else 8/255).")
    var epsilon: String?

    @Option(help: "Steps of each of C&W's searches.")
    var cwSteps = 200

    @Option(help: "C&W's searches for its constant.")
    var cwSearch = 9

    func run() throws {
        let ranks = try Ranks.join()
        KernelWaiting.makePassive()
        Interruption.watch()
        let plan = SweepPlan(
            data: data.data, temperatures: try parsedTemperatures(), prefix: prefix,
            architecture: architecture, recipe: try recipe.applied(to: Recipe(epochs: 10)),
            perturbation: try recipe.perturbation(), warmStart: warmStart, sources: sources,
            rows: rows, attacks: try parsedAttacks(),
            epsilon: epsilon, steps: .init(steps: cwSteps, search: cwSearch))
        let sweep = SweepRun(store: store.store, plan: plan, ranks: ranks)
        let results = try sweep.run(progress: ProgressReporter()) { Console.note($0) }
        ranks.leave()
        guard let results else { return }
        Console.output(
            output.json ? results.json.text(pretty: true) : SweepTable(results).text())
    }

    private func parsedTemperatures() throws -> [Double] {
        try temperatures.split(separator: ",", omittingEmptySubsequences: false).map { text in
            guard let value = Double(text), value > 0, value.isFinite else {
                throw ValidationError(
                    "--temperatures has '\(text)', expected numbers above 0 with commas between")
            }
            return value
        }
    }

    private func parsedAttacks() throws -> [SweepAttack] {
        let names = attacks.split(separator: ",", omittingEmptySubsequences: false)
        let chosen = try names.map { text in
            guard let attack = SweepAttack(rawValue: String(text)) else {
                let known = SweepAttack.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--attacks has '\(text)', expected some of \(known)")
            }
            return attack
        }
        return SweepAttack.allCases.filter(chosen.contains)
    }
}
