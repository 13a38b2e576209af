// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Tensors
import Training

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model and store a checkpoint after every epoch.",
        discussion: """
            Part of the training rows is held out to choose the best epoch; the test rows only \
            measure. After kill -9 or a power cut, the same command with --resume ends with the very \
            weights the undisturbed run would have had.

            Architectures: \(Architecture.names.joined(separator: ", ")).

            EXAMPLES:
              retort train --store lab.h5 --name teacher --data fashion-mnist --architecture cnn
              retort train --store lab.h5 --name res --data cifar10:cifar --architecture resnet20 \\
                --epochs 30 --optimizer sgd --learning-rate 0.1 --schedule cosine --warm-up 1 \\
                --weight-decay 1e-4 --crop 4 --flip
              retort train --store lab.h5 --name madry --data mnist:mnist --epochs 20 \\
                --adversarial pgd:epsilon=0.3,step=0.01,steps=40
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var recipe: RecipeOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "What to call the checkpoint; its epochs are NAME@1, NAME@2, ...")
    var name: String

    @Option(help: "The network.")
    var architecture = "cnn"

    @Option(
        help:
            "Train with cross entropy at this temperature, as a teacher for defensive distillation."
    )
    var temperature = 1.0

    @Flag(help: "Go on after the last stored epoch of NAME.")
    var resume = false

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        let base = Recipe(loss: .crossEntropy(temperature: temperature))
        let run = TrainingRun(
            store: store.store, name: name, data: try LoadedData(data.data),
            architecture: architecture, recipe: try recipe.applied(to: base),
            perturbation: try recipe.perturbation(), resume: resume)
        let outcome = try run.run(progress: ProgressReporter())
        Console.output(
            output.json ? outcome.json.text(pretty: true) : TrainingRendering.text(outcome))
    }
}
