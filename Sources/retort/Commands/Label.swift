// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Tensors
import Reporting

struct Label: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Cache a checkpoint's logits on a data set, so that students can be distilled from them.",
        discussion: """
            Logits are kept, never probabilities, so the temperature stays a free choice. Each row \
            carries a digest of its pixels: a student is refused another or a reordered data set.

            EXAMPLES:
              retort label --store s.h5 --checkpoint teacher --data fashion-mnist --name teacher-logits
              retort label --store s.h5 --checkpoint teacher@3 --data mnist:mnist/train --name l3 --dtype f32
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "The teacher.")
    var checkpoint: String

    @Option(help: "What to call the soft labels.")
    var name: String

    @Option(help: "f16 (half the size, exact to 8e-8 nats) or f32.")
    var dtype = SoftLabelPrecision.f16

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        let labelling = Labelling(
            store: store.store, checkpoint: checkpoint, data: data.data, name: name,
            precision: dtype.elementType)
        let outcome = try labelling.run(progress: ProgressReporter())
        if output.json {
            Console.output(outcome.json.text(pretty: true))
        } else {
            Console.output(
                """
                soft labels '\(outcome.name)': \(outcome.rows) rows, \(outcome.classCount) classes, \
                \(Int(outcome.imagesPerSecond)) images/s
                digest \(outcome.digest), teacher \(outcome.teacherDigest.short)
                the teacher's accuracy on these rows is \(NumberText.percent(outcome.agreement))
                """)
        }
    }
}

enum SoftLabelPrecision: String, ExpressibleByArgument, CaseIterable {
    case f16, f32

    var elementType: ElementType { self == .f16 ? .f16 : .f32 }
}
