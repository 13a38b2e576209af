// SPDX-License-Identifier: Apache-2.0

/// Epochs of one run that share loss, targets and learning rate: the main part, or fine-tuning.
struct TrainingPhase {
    /// Counting from 0 over the whole run.
    let epochs: Range<Int>
    let loss: Loss
    let teacher: TeacherTargets?
    let augmentation: Augmentation
    let learningRate: Double
    let schedule: LearningRateSchedule
    /// Whether it learns from perturbed images.
    let isAdversarial: Bool

    func rate(epoch: Int, batch: Int, batches: Int) -> Double {
        let step = (epoch - epochs.lowerBound) * batches + batch
        return learningRate
            * schedule.factor(step: step, stepsPerEpoch: batches, epochs: epochs.count)
    }
}

extension Recipe {
    func phases(teacher: TeacherTargets?) -> [TrainingPhase] {
        let main = TrainingPhase(
            epochs: 0..<epochs, loss: loss, teacher: teacher, augmentation: augmentation,
            learningRate: learningRate, schedule: schedule, isAdversarial: adversarial != nil)
        guard let fineTuning else { return [main] }
        return [
            main,
            TrainingPhase(
                epochs: epochs..<totalEpochs,
                loss: .crossEntropy(temperature: fineTuning.temperature), teacher: nil,
                augmentation: .none, learningRate: fineTuning.learningRate,
                schedule: LearningRateSchedule(), isAdversarial: false),
        ]
    }
}
