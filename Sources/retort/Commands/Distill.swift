// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import Tensors
import Training

struct Distill: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a student on cached logits alone; the teacher is not needed.",
        discussion: """
            With --alpha: Hinton's loss, (1 - alpha) CE + alpha T^2 KL. Without: the teacher's \
            answers alone; with probabilities at T that is defensive distillation (no T^2, served \
            at T = 1). --targets logits matches centred logits, --targets labels trains on the \
            teacher's classes. Several --soft-labels are averaged. The data must be the rows the \
            logits were made for; their digests are compared.

            With --adversarial: adversarially robust distillation, alpha T^2 KL(teacher(x) || \
            student(x + d)) + (1 - alpha) CE(student(x)), where d is found against the student of \
            the moment.

            EXAMPLES:
              retort distill --store lab.h5 --soft-labels teacher-logits --name student \\
                --data fashion-mnist --temperature 40
              retort distill --store lab.h5 --soft-labels a --soft-labels b --name small \\
                --architecture mlp --data fashion-mnist --temperature 4 --alpha 0.9
              retort distill --store lab.h5 --soft-labels madry-logits --name ard --data mnist:mnist \\
                --adversarial pgd:epsilon=0.3,step=0.05,steps=10
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var recipe: RecipeOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "The cached logits; give it again to average several teachers.")
    var softLabels: [String]

    @Option(help: "What to call the student; its epochs are NAME@1, NAME@2, ...")
    var name: String

    @Option(help: "The student's network.")
    var architecture = "cnn"

    @Option(help: "The temperature T (40; 30 with --adversarial).")
    var temperature: Double?

    @Option(help: "Weight of the teacher beside the labels, in [0, 1] (1 with --adversarial).")
    var alpha: Double?

    @Option(help: "What the student learns: probabilities, logits or labels.")
    var targets = "probabilities"

    @Option(help: "Then so many epochs on clean images with hard labels, at a tenth of the rate.")
    var fineTune = 0

    @Option(help: "Self-distillation: so many generations, each from the logits of the one before.")
    var generations = 1

    @Flag(help: "Go on after the last stored epoch of NAME.")
    var resume = false

    func run() throws {
        KernelWaiting.makePassive()
        Interruption.watch()
        // Goldblum et al. (2020) distil robustly at T = 30 on the teacher alone, with T^2.
        let isAdversarial = recipe.adversarial != nil
        let temperature = temperature ?? (isAdversarial ? 30 : 40)
        let method = try DistillationMethod(
            targets: targets, temperature: temperature,
            alpha: alpha ?? (isAdversarial && targets == "probabilities" ? 1 : nil))
        let perturbation = try recipe.perturbation()
        var recipe = try recipe.applied(to: method.recipe)
        if fineTune > 0 {
            recipe.fineTuning = FineTuning(
                epochs: fineTune, learningRate: recipe.learningRate / 10, temperature: temperature)
        }
        let distilling = Distilling(
            store: store.store, softLabels: softLabels, name: name, data: data.data,
            architecture: architecture, method: method, recipe: recipe, perturbation: perturbation,
            generations: generations, resume: resume)
        if !output.json { Console.note("loss: \(method.loss.effectiveWeights)") }
        let outcomes = try distilling.run(progress: ProgressReporter())
        for outcome in outcomes.dropLast() where !output.json {
            Console.output(TrainingRendering.text(outcome))
        }
        guard let last = outcomes.last else { return }
        var json = last.json
        json["method"] = method.json
        if outcomes.count > 1 { json["generations"] = .array(outcomes.map(\.json)) }
        Console.output(output.json ? json.text(pretty: true) : TrainingRendering.text(last))
    }
}
