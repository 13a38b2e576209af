// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Learning from perturbed images: what a recipe says of it.
///
/// A batch is perturbed against the newest weights in inference mode (running statistics in batch
/// norms, no dropout), as the attacks will be that judge the model, and learnt from in training
/// mode. The epoch to keep is the one of the best accuracy on perturbed validation rows: it often
/// falls long before the last one (Rice, Wong and Kolter, "Overfitting in adversarially robust deep
/// learning", 2020, section 3).
public struct AdversarialTraining: Hashable, Sendable {
    /// ``BatchPerturbation/json``.
    public var perturbation: JSON
    /// The most validation rows that are perturbed after an epoch.
    public var validationRows: Int

    public init(_ perturbation: any BatchPerturbation, validationRows: Int = 1000) {
        self.perturbation = perturbation.json
        self.validationRows = validationRows
    }

    /// - Throws: ``TrainingError`` when the number of validation rows is negative, or `loss` would
    ///   learn nothing from perturbed images.
    func validate(loss: Loss) throws(TrainingError) {
        guard validationRows >= 0 else {
            throw TrainingError("validation_rows is \(validationRows), expected 0 or more")
        }
        if case .hinton(alpha: 0, _) = loss {
            throw TrainingError(
                "alpha is 0, so that nothing would be learnt from the perturbed images")
        }
    }
}

extension AdversarialTraining {
    private static let mode = "inference"

    public var json: JSON {
        [
            "perturbation": perturbation, "validation_rows": .integer(validationRows),
            "perturbed_in_mode": .string(Self.mode),
        ]
    }

    /// - Throws: ``TrainingError`` for a missing or unknown key, or another mode.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "adversarial training")
        guard let perturbation = settings.value("perturbation") else {
            throw TrainingError("the adversarial training lacks 'perturbation'")
        }
        self.perturbation = perturbation
        validationRows = try settings.integer("validation_rows")
        let mode = try settings.string("perturbed_in_mode", default: Self.mode)
        guard mode == Self.mode else {
            throw TrainingError(
                "images are perturbed in the mode '\(mode)', expected \(Self.mode)")
        }
        try settings.finish()
    }
}

/// A loss with a factor before it.
struct WeightedLoss: Hashable {
    let loss: Loss
    let weight: Double
}

extension Loss {
    /// The loss as adversarial training takes it: what is learnt from the perturbed image, and what
    /// from the clean one.
    ///
    /// Hinton's loss becomes that of adversarially robust distillation: alpha T^2 KL(teacher(x) ||
    /// student(x + d)) + (1 - alpha) CE(student(x), y) (Goldblum, Fowl, Feizi and Goldstein,
    /// "Adversarially robust distillation", 2020, equation 3). Every other loss is taken at the
    /// perturbed image; a teacher's targets are always those of the clean one.
    var adversarialParts: (perturbed: WeightedLoss, clean: WeightedLoss?) {
        guard case .hinton(let alpha, let temperature) = self, alpha < 1 else {
            return (WeightedLoss(loss: self, weight: 1), nil)
        }
        return (
            WeightedLoss(loss: .hinton(alpha: 1, temperature: temperature), weight: alpha),
            WeightedLoss(loss: .crossEntropy(temperature: 1), weight: 1 - alpha)
        )
    }
}
