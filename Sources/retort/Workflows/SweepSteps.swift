// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness
import Tensors
import Training

/// The work of a sweep, step by step; a step whose result the store has is passed over.
struct SweepSteps {
    let store: String
    let plan: SweepPlan
    let data: LoadedData
    let progress: ProgressReporter
    let note: (String) -> Void
    private let training: SweepTraining
    private let attacking: SweepAttacking
    private let start: Checkpoint?

    /// Makes what all temperatures share: the net they start from, and the rows that are attacked.
    init(
        store: String, plan: SweepPlan, data: LoadedData, progress: ProgressReporter,
        note: @escaping (String) -> Void
    ) throws {
        (self.store, self.plan, self.data, self.progress) = (store, plan, data, progress)
        self.note = note
        training = SweepTraining(
            store: store, plan: plan, data: data, progress: progress, note: note)
        var first = plan.recipe
        first.epochs = plan.warmStart
        start =
            plan.warmStart == 0
            ? nil
            : try training.train(
                plan.names.start, recipe: first, loss: .crossEntropy(temperature: 1), from: nil)
        attacking = try SweepAttacking(
            store: store, plan: plan, data: data, progress: progress, note: note)
    }

    /// Everything at one temperature; nil for the baseline alone. T = 1 includes the baseline, which
    /// is its teacher: the recipe is the same.
    func run(_ temperature: Double?) throws {
        let names = plan.names
        guard let temperature, temperature != 1 else {
            let base = try train(names.base, loss: .crossEntropy(temperature: 1))
            try attacking.attack(base, temperature: nil)
            guard temperature != nil else { return }
            try name(base.name, names.teacher(1))
            return try distil(base, temperature: 1)
        }
        let teacher = try train(
            names.teacher(temperature), loss: .crossEntropy(temperature: temperature))
        try distil(teacher, temperature: temperature)
    }

    private func distil(_ teacher: Checkpoint, temperature: Double) throws {
        let cache = try training.softLabels(plan.names.softLabels(temperature), of: teacher)
        let method = DistillationMethod.defensive(temperature: temperature)
        let student = try training.train(
            plan.names.student(temperature), recipe: plan.recipe, loss: method.loss, from: start,
            distillation: TrainingRun.Distillation(caches: [cache], method: method))
        try attacking.attack(student, temperature: temperature)
    }

    private func train(_ name: String, loss: Loss) throws -> Checkpoint {
        try training.train(name, recipe: plan.recipe, loss: loss, from: start)
    }

    /// A second name for a checkpoint.
    private func name(_ name: String, _ alias: String) throws {
        guard try Store.open(path: store).entry(.checkpoint, named: alias) == nil else { return }
        let writer = try StoreWriter.open(path: store)
        defer { writer.close() }
        try writer.link(.checkpoint, named: name, as: alias)
        try writer.commit()
    }
}
