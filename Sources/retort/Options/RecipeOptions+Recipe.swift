// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Robustness
import Training

extension RecipeOptions {
    /// `base` with everything the user set.
    ///
    /// - Throws: ``Failure`` for settings that contradict each other, `TrainingError` for values out
    ///   of range.
    func applied(to base: Recipe) throws -> Recipe {
        var recipe = base
        if let epochs { recipe.epochs = epochs }
        if let batchSize { recipe.batchSize = batchSize }
        recipe.optimizer = try rule(base: base.optimizer)
        if let learningRate {
            recipe.learningRate = learningRate
        } else if case .sgd = recipe.optimizer {
            recipe.learningRate = 0.01
        }
        recipe.schedule = try learningRateSchedule()
        recipe.clipNorm = clip ?? base.clipNorm
        if let seed { recipe.seed = seed }
        if let validation { recipe.validationFraction = validation }
        if let crop { recipe.augmentation.cropPadding = crop }
        if flip { recipe.augmentation.horizontalFlip = true }
        if let shift { recipe.augmentation.shift = shift }
        if let noise { recipe.augmentation.noise = noise }
        if let precision {
            guard let known = Network.Precision(rawValue: precision) else {
                throw ValidationError("--precision is '\(precision)', expected f32 or bf16")
            }
            recipe.precision = known
        }
        guard adversarial != nil || adversarialValidation == nil else {
            throw ValidationError("--adversarial-validation is for --adversarial")
        }
        recipe.adversarial = try perturbation().map {
            AdversarialTraining($0, validationRows: adversarialValidation ?? 1000)
        }
        try recipe.validate()
        return recipe
    }

    /// What the images are perturbed by; nil trains on plain ones.
    func perturbation() throws -> GradientPerturbation? {
        try adversarial.map { try GradientPerturbation(parsing: $0) }
    }

    private func rule(base: OptimizerRule) throws -> OptimizerRule {
        let name = optimizer ?? base.name
        guard name == "sgd" || (momentum == nil && !nesterov) else {
            throw ValidationError("--momentum and --nesterov are for sgd, the optimizer is \(name)")
        }
        switch name {
        case "sgd":
            return .sgd(
                momentum: momentum ?? 0.9, nesterov: nesterov, weightDecay: weightDecay ?? 0)
        case "adam": return .adam(weightDecay: weightDecay ?? 0)
        case "adamw": return .adamW(weightDecay: weightDecay ?? 0.01)
        default:
            throw ValidationError("--optimizer is '\(name)', expected sgd, adam or adamw")
        }
    }

    private func learningRateSchedule() throws -> LearningRateSchedule {
        let text = schedule ?? "constant"
        let parts = text.split(separator: ":", maxSplits: 1)
        let decay: LearningRateSchedule.Decay
        switch (parts.first, parts.count) {
        case ("constant", 1): decay = .constant
        case ("cosine", 1): decay = .cosine(final: 0)
        case ("step", 2):
            let numbers = parts[1].split(separator: ",")
            guard numbers.count == 2, let epochs = Int(numbers[0]), let factor = Double(numbers[1])
            else { fallthrough }
            decay = .step(epochs: epochs, factor: factor)
        default:
            throw ValidationError(
                "--schedule is '\(text)', expected constant, cosine or step:EPOCHS,FACTOR")
        }
        return LearningRateSchedule(decay, warmUpEpochs: warmUp ?? 0)
    }
}
