// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Interchange
import Reporting
import Robustness
import Tensors

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store an adversarial set or soft labels that another tool made.",
        discussion: """
            Sets are read from torchattacks' dictionaries (adv_inputs, labels, ...), AutoAttack's \
            (adv_complete), Madry's and other .npy arrays, .npz archives ('retort export' writes \
            them whole), any file with one array of images or one named by --array, and CIFAR-10-C \
            (a folder with --array CORRUPTION --severity 1-5). Axes and scale are told from the data \
            and the values; what can be read in two ways is refused, and so are normalised pixels \
            and NaN.

            Clean rows come from the file, or else from --data row by row; labels and clean images \
            must agree with the data. Without --epsilon the largest distance is taken, and the set \
            says that it was measured. With --checkpoint the rows are judged by the model they were \
            made against; without it the set belongs to no model and is always a transfer.

            Soft labels are logits; probabilities are refused. Each row gets the digest of its \
            pixels from --data.

            EXAMPLES:
              retort import adv.pt --store s.h5 --name apgd --data cifar10:DIR/test \\
                --checkpoint net --epsilon 8/255 --attack 'torchattacks APGD'
              retort import CIFAR-10-C --store s.h5 --name fog-3 --data cifar10:DIR/test \\
                --array fog --severity 3
              retort import logits.npy --as soft-labels --store s.h5 --name teacher \\
                --data mnist:DIR/train --checkpoint teacher
            """)

    @Argument(help: "The file, or a folder of CIFAR-10-C.")
    var file: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "What it holds: set or soft-labels.")
    var `as` = Kind.set

    @Option(help: "What to call it.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "The data set it was made from; see 'retort help attack'.", valueName: "spec"))
    var data: String?

    @Option(help: "The model it was made with, when it is in the store.")
    var checkpoint: String?

    @Option(
        help: "Sets: the norm of the threat model, linf, l2 or l0; linf by default.",
        transform: Self.norm)
    var norm: Norm?

    @Option(help: "Sets: the budget in pixel units of [0, 1], such as 8/255.")
    var epsilon: String?

    @Option(help: "Sets: what made it, for the record.")
    var attack: String?

    @Option(help: "The array to take, or the corruption.")
    var array: String?

    @Option(help: "The severity of a corruption, 1 to 5.")
    var severity: Int?

    @Option(help: "Soft labels: f16 or f32.")
    var dtype = SoftLabelPrecision.f16

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case set
        case softLabels = "soft-labels"
    }

    func validate() throws {
        guard self.as == .softLabels else { return }
        guard norm == nil, epsilon == nil, attack == nil, severity == nil else {
            throw ValidationError("--norm, --epsilon, --attack and --severity are for sets")
        }
    }

    func run() throws {
        KernelWaiting.makePassive()
        if self.as == .set { try importSet() } else { try importLabels() }
    }

    private static func norm(_ text: String) throws -> Norm {
        if let norm = Norm(rawValue: text) { return norm }
        let known = Norm.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("found '\(text)', expected \(known)")
    }

    private func importSet() throws {
        let outcome = try ForeignSetImport(
            file: file, store: store.store, name: name, data: data, checkpoint: checkpoint,
            norm: norm, epsilon: epsilon, attack: attack,
            selection: ForeignSet.Selection(array: array, severity: severity)
        ).run()
        guard !output.json else { return Console.output(outcome.json.text(pretty: true)) }
        let largest = NumberText.short(outcome.judged.distances.max() ?? 0)
        Console.output(
            ([
                """
                adversarial set '\(outcome.name)': \(outcome.set.count) rows, \
                \(outcome.threatModel.description)\
                \(outcome.isEpsilonMeasured ? ", measured" : "")
                digest \(outcome.digest)
                largest distance \(largest), \(outcome.violations) rows beyond epsilon
                """
            ] + outcome.set.remarks.map { "note: " + printable($0) })
            .joined(separator: "\n"))
    }

    private func importLabels() throws {
        let outcome = try ForeignLabelsImport(
            file: file, store: store.store, name: name, data: data, checkpoint: checkpoint,
            precision: dtype.elementType, array: array
        ).run()
        guard !output.json else { return Console.output(outcome.json.text(pretty: true)) }
        var text = """
            soft labels '\(outcome.name)': \(outcome.rows) rows, \(outcome.classCount) classes
            digest \(outcome.digest)
            """
        if let agreement = outcome.agreement {
            text += "\nthe largest logit is the label in \(NumberText.percent(agreement)) of rows"
        }
        Console.output(text)
    }
}
