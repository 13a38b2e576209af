// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Robustness
import Tensors

struct Attack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an adversarial set against a checkpoint and store it.",
        discussion: """
            Rows are worked through in shards of \(Crafting.shardRows), which are kept beside the \
            store until all are there: after Ctrl-C, kill -9 or a power cut the same command with \
            --resume ends with the very set the undisturbed run would have made. Started by mpirun, \
            the processes share the shards.

            An attack is NAME or NAME:key=value,... with sizes in pixel units of [0, 1]. A preset \
            stands for published settings, as in pgd:madry-mnist; keys beside it win:

            \(attackHelp)

            EXAMPLES:
              retort attack --store s.h5 --checkpoint teacher --data fashion-mnist/test[0:1000] \\
                --attack fgsm:epsilon=8/255 --name fgsm-8
              retort attack --store s.h5 --checkpoint teacher --data mnist:mnist --count 500 \\
                --attack pgd:norm=l2,epsilon=2,steps=40,restarts=5,loss=ce --name pgd-l2
              mpirun -n 4 retort attack --store s.h5 --checkpoint teacher --data mnist:mnist \\
                --attack pgd:epsilon=0.3 --name pgd-30
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "The checkpoint to attack.")
    var checkpoint: String

    @Option(help: ArgumentHelp("The attack and its parameters.", valueName: "name[:key=value,...]"))
    var attack: String

    @Flag(
        help: "Look only at images that 8 bits can store: adds lattice=255 to the attack's keys.")
    var lattice = false

    @Option(help: "What to call the set.")
    var name: String

    @Option(help: "Attack the first so many rows only.")
    var count: Int?

    @Flag(help: "Go on from the shards that an interrupted run of this attack left.")
    var resume = false

    mutating func validate() throws {
        if lattice { attack = AttackSpecification.adding("lattice=255", to: attack) }
    }

    func run() throws {
        let ranks = try Ranks.join()
        KernelWaiting.makePassive()
        Interruption.watch()
        let crafting = Crafting(
            store: store.store, checkpoint: checkpoint,
            rows: try CraftingRows(data.data, count: count), attack: attack, name: name,
            resume: resume, ranks: ranks)
        let outcome = try crafting.run(progress: ProgressReporter())
        ranks.leave()
        guard let outcome else { return }
        if output.json {
            Console.output(outcome.json.text(pretty: true))
        } else {
            Console.output(
                """
                adversarial set '\(outcome.name)': \(outcome.rows) rows, \(outcome.attack)
                digest \(outcome.digest), source \(checkpoint) \(outcome.sourceDigest.short)
                \(outcome.succeeded) of \(outcome.attacked) rows that were right when clean are broken; \
                \(Int(outcome.imagesPerSecond)) images/s
                """)
        }
    }

    private static var attackHelp: String {
        AttackSpecification.known.map { attack in
            let keys = attack.keys.map { "    \($0.name): \($0.meaning)" }
            let presets = attack.presets.map { "    preset \($0.name): \($0.source)" }
            return (["  \(attack.name): \(attack.summary)"] + keys + presets)
                .joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
