// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Training

/// How a model is trained: what `train` and `distill` share.
struct RecipeOptions: ParsableArguments {
    @Option(help: "Passes over the training data.")
    var epochs: Int?

    @Option(help: "Images a step.")
    var batchSize: Int?

    @Option(help: "sgd, adam or adamw.")
    var optimizer: String?

    @Option(help: "The (peak) learning rate.")
    var learningRate: Double?

    @Option(help: "Momentum of sgd.")
    var momentum: Double?

    @Flag(help: "Nesterov momentum for sgd.")
    var nesterov = false

    @Option(help: "Weight decay: L2 for sgd and adam, decoupled for adamw.")
    var weightDecay: Double?

    @Option(help: "constant, cosine, or step:EPOCHS,FACTOR.")
    var schedule: String?

    @Option(help: "Epochs of linear warm-up before the schedule.")
    var warmUp: Double?

    @Option(help: "Clip the gradient to this global L2 norm.")
    var clip: Double?

    @Option(help: "The seed of initialisation, shuffling, augmentation and dropout.")
    var seed: UInt64?

    @Option(help: "Share of the training rows held out to choose the best checkpoint.")
    var validation: Double?

    @Option(help: "Augmentation: random crops after padding by this many pixels.")
    var crop: Int?

    @Flag(help: "Augmentation: random horizontal flips.")
    var flip = false

    @Option(help: "Augmentation: random shifts of at most this many pixels.")
    var shift: Double?

    @Option(help: "Augmentation: Gaussian noise of this standard deviation, in pixel units [0, 1].")
    var noise: Double?

    @Option(
        help: ArgumentHelp(
            "Learn from images perturbed against the newest weights, for example pgd:epsilon=0.3,step=0.01,steps=40; the epoch is then chosen by accuracy on perturbed validation rows.",
            valueName: "pgd:key=value,..."))
    var adversarial: String?

    @Option(help: "How many validation rows to perturb after each epoch (1000).")
    var adversarialValidation: Int?

    @Option(help: "f32, or bf16 where the CPU has AVX-512 BF16.")
    var precision: String?
}
