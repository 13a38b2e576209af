// SPDX-License-Identifier: Apache-2.0

extension Trainer {
    /// What a reader of the result should know, one sentence each: the effective loss weights, what
    /// the teacher and the student look at, which rows are held out, and known hazards.
    public var notes: [String] {
        var notes = ["loss: \(recipe.loss.effectiveWeights)"]
        if let teacher {
            let who =
                teacher.teacherCount == 1
                ? "one cache" : "the mean of \(teacher.teacherCount) caches"
            notes.append("targets: \(teacher.kind.noun) of \(who), \(sight(of: teacher))")
        }
        notes.append(
            split.validation.isEmpty
                ? "rows: \(split.training.count) trained on, none held out; the last epoch is kept"
                : "rows: \(split.training.count) trained on, \(split.validation.count) held out to choose the epoch"
        )
        if let adversarial = recipe.adversarial {
            let robust = robustValidationRows.count
            notes.append(
                "adversarial: every training image is perturbed by \(adversarial.perturbation) against the newest weights in inference mode; "
                    + (robust == 0
                        ? "the last epoch is kept"
                        : "the epoch is chosen on \(robust) perturbed validation rows"))
        }
        if let fineTuning = recipe.fineTuning {
            notes.append(
                "fine-tuning: \(fineTuning.epochs) epochs on clean rows with true labels, "
                    + "\(Loss.crossEntropy(temperature: fineTuning.temperature).effectiveWeights)")
        }
        if case .sgd = recipe.optimizer, recipe.learningRate >= 0.05, recipe.loss.temperature >= 5 {
            notes.append(
                "caution: SGD at learning rate \(recipe.learningRate) stalls or diverges at T = \(recipe.loss.temperature) for the seed network; Adam at 0.001 does not"
            )
        }
        return notes
    }

    private func sight(of teacher: TeacherTargets) -> String {
        switch (teacher.augmentation, recipe.augmentation.isNone) {
        case (nil, true): "made for the rows the student sees"
        case (nil, false): "made for the plain rows, while the student sees augmented ones"
        case (.some(let seen), _):
            "made for the augmented rows of epoch \(seen.epoch), which the student sees every epoch"
        }
    }
}
