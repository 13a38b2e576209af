// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How a student learns from cached logits.
public enum DistillationMethod: Hashable, Sendable {
    /// Labels and the teacher's probabilities together: ``Loss/hinton(alpha:temperature:)``.
    case hinton(alpha: Double, temperature: Double)
    /// The teacher's probabilities alone, as in defensive distillation. The teacher should have
    /// been trained at the same T; the student is served at T = 1.
    case defensive(temperature: Double)
    /// The teacher's logits.
    case logits
    /// The teacher's most likely class as a hard label, with the cross entropy at T.
    case labels(temperature: Double)

    public var loss: Loss {
        switch self {
        case .hinton(let alpha, let temperature): .hinton(alpha: alpha, temperature: temperature)
        case .defensive(let temperature): .softCrossEntropy(temperature: temperature)
        case .logits: .logitMatching
        case .labels(let temperature): .crossEntropy(temperature: temperature)
        }
    }

    public var targets: TeacherTargets.Kind {
        switch self {
        case .hinton(_, let temperature), .defensive(let temperature):
            .probabilities(temperature: temperature)
        case .logits: .logits
        case .labels: .labels
        }
    }

    /// Chooses the method from the settings of the command line.
    ///
    /// - Parameters:
    ///   - targets: `probabilities`, `logits` or `labels`.
    ///   - alpha: weight of the teacher beside the labels; nil trains on the teacher alone.
    /// - Throws: ``TrainingError`` for an unknown kind of target, or an alpha that it cannot take.
    public init(targets: String, temperature: Double, alpha: Double?) throws(TrainingError) {
        switch (targets, alpha) {
        case ("probabilities", .some(let alpha)):
            self = .hinton(alpha: alpha, temperature: temperature)
        case ("probabilities", nil): self = .defensive(temperature: temperature)
        case ("logits", nil): self = .logits
        case ("labels", nil): self = .labels(temperature: temperature)
        case ("logits", _), ("labels", _):
            throw TrainingError("alpha weighs probabilities against labels; \(targets) have none")
        default:
            throw TrainingError(
                "targets '\(targets)' are unknown, expected probabilities, logits or labels")
        }
        try loss.validate()
    }

    public var json: JSON {
        let name: JSON =
            switch self {
            case .hinton: "hinton"
            case .defensive: "defensive"
            case .logits: "logits"
            case .labels: "labels"
            }
        return ["method": name, "loss": loss.json, "effective_weights": loss.effectiveWeights.json]
    }
}

extension DistillationMethod {
    /// A recipe that works from a fresh start: Adam at 1e-3.
    ///
    /// SGD at a rate tuned for T = 1 does not: at T = 5 and above the seed network stalls or
    /// diverges under learning rate 0.05 and momentum 0.9, while Adam's steps do not depend on the
    /// scale that T gives the gradient.
    public var recipe: Recipe { Recipe(optimizer: .adam(), learningRate: 1e-3, loss: loss) }

    /// The seed README's variant of defensive distillation: the student sees x + N(0, s), clipped
    /// to [0, 1]; its targets are the teacher's answers to the clean x, from the cache; then it is
    /// fine-tuned on clean images with hard labels.
    public static func noisy(
        temperature: Double = 40, noise: Double = 0.1, fineTuningEpochs: Int = 1
    ) -> Recipe {
        var recipe = DistillationMethod.defensive(temperature: temperature).recipe
        recipe.augmentation = Augmentation(noise: noise)
        recipe.fineTuning = FineTuning(
            epochs: fineTuningEpochs, learningRate: 1e-4, temperature: temperature)
        return recipe
    }
}
