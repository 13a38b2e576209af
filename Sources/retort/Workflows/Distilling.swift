// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Training

/// Distilling one student, or generations of them, from cached logits: what `retort distill` does.
struct Distilling {
    let store: String
    let softLabels: [String]
    let name: String
    let data: String
    let architecture: String
    let method: DistillationMethod
    let recipe: Recipe
    var perturbation: (any BatchPerturbation)?
    var generations = 1
    var resume = false

    /// One outcome for each generation; the last is called `name`, the others `name.g1`, ...
    func run(progress: ProgressReporter) throws -> [TrainingRun.Outcome] {
        let recipes =
            generations == 1
            ? [recipe]
            : try BornAgain.recipes(generations: generations, method: method, from: recipe)
        let loaded = try LoadedData(data)
        var caches = softLabels
        var outcomes: [TrainingRun.Outcome] = []
        for (index, recipe) in recipes.enumerated() {
            let isLast = index == recipes.count - 1
            let generation = isLast ? name : "\(name).g\(index + 1)"
            let opened = try Store.open(path: store)
            let run = TrainingRun(
                store: store, name: generation, data: loaded, architecture: architecture,
                recipe: recipe,
                distillation: TrainingRun.Distillation(
                    caches: try caches.map { try opened.softLabels(named: $0) }, method: method),
                perturbation: perturbation, resume: resume)
            outcomes.append(try run.run(progress: progress))
            if isLast { break }
            caches = [generation]
            // A resumed run finds the caches of its finished generations.
            if try Store.open(path: store).entry(.softLabels, named: generation) == nil {
                let labelling = Labelling(
                    store: store, checkpoint: generation, data: data, name: generation)
                _ = try labelling.run(progress: progress)
            }
        }
        return outcomes
    }
}
