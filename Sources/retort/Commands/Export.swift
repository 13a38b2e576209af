// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write an adversarial set or soft labels for another tool.",
        discussion: """
            The form follows the suffix of OUT unless --form says it:
              .npz  every array and the metadata; 'retort import' gives the same digest back
              .npy  the examples (N, C, H, W), or the logits
              .pt   sets: a dictionary that torchattacks' Attack.load reads (form torchattacks)
              .pth  sets: {'adv_complete': ...} as AutoAttack saves it (form autoattack)
              --form madry: the .npy of Madry's challenges, (N, 784) in [0, 1] or NHWC in [0, 255]
            Soft labels in .pt and .pth are a dictionary of arrays (form pytorch).

            EXAMPLES:
              retort export lab.h5 pgd-8 pgd-8.npz
              retort export lab.h5 soft_labels/teacher teacher.pt
            """)

    @Argument(help: "The store.")
    var store: String

    @Argument(help: "The set or the soft labels: a name, or a path such as soft_labels/teacher.")
    var object: String

    @Argument(help: "The file to write.")
    var out: String

    @Option(help: "npz, npy, torchattacks, autoattack, madry; npz, npy, pytorch for soft labels.")
    var form: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let outcome = try ForeignExport(store: store, object: object, out: out, form: form).run()
        if output.json {
            Console.output(
                JSON.object([
                    "kind": .string(outcome.kind.rawValue), "name": .string(outcome.name),
                    "digest": .string(outcome.digest.hexadecimal), "file": .string(out),
                    "form": .string(outcome.form), "rows": .integer(outcome.rows),
                ]).text(pretty: true))
        } else {
            Console.output(
                "\(outcome.kind.title) '\(outcome.name)' is in \(out) (\(outcome.form)), "
                    + "\(outcome.rows) rows")
        }
    }
}
