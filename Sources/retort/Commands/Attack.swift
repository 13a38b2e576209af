// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Robustness
import Tensors

struct Attack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an adversarial set against a checkpoint and store it.",
        discussion: """
            An attack is NAME or NAME:key=value,... with sizes in pixel units of [0, 1]. A preset \
            stands for published settings, as in pgd:madry-mnist; keys beside it win:

            \(attackHelp)

            EXAMPLES:
              retort attack --store s.h5 --checkpoint teacher --data fashion-mnist/test[0:1000] \\
                --attack fgsm:epsilon=8/255 --name fgsm-8
              retort attack --store s.h5 --checkpoint teacher --data mnist:mnist --count 500 \\
                --attack pgd:norm=l2,epsilon=2,steps=40,restarts=5,loss=ce --name pgd-l2
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

    mutating func validate() throws {
        if lattice { attack = AttackSpecification.adding("lattice=255", to: attack) }
    }

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        let crafting = Crafting(
            store: store.store, checkpoint: checkpoint, data: data.data, attack: attack, name: name,
            count: count)
        let outcome = try crafting.run(progress: ProgressReporter())
        if output.json {
            Console.output(outcome.json.text(pretty: true))
        } else {
            Console.output(
                """
                adversarial set '\(outcome.name)': \(outcome.result.count) rows, \
                \(outcome.result.attack["text"]?.stringValue ?? attack)
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
