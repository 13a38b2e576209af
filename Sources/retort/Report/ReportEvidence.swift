// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Robustness
import Tensors
import Training

/// What follows from all evaluations on a page: each model's gradients, what may be said of it, and
/// models in pairs.
struct ReportEvidence {
    /// The threat model that most of the sets share.
    let budget: ThreatModel?
    /// Of the models that have a set of their own, in the order of the page.
    let signs: [ModelSigns]
    let verdicts: [ModelVerdict]
    let comparisons: [ModelComparison]

    init(_ outcome: OfflineEvaluation.Outcome, of models: [Checkpoint], in store: Store) throws {
        let budget = Self.sharedBudget(outcome.evaluations)
        let epsilon = budget.flatMap { $0.norm == .linf ? $0.epsilon : nil }
        let probed = try epsilon ?? ExactFraction(parsing: "0.1")
        let signs = try models.compactMap { model in
            try Self.signs(of: model, outcome.evaluations, in: store, epsilon: probed)
        }
        self.budget = budget
        self.signs = signs
        verdicts = models.filter { model in
            outcome.evaluations.contains { $0.checkpoint == model.name }
        }.map { model in
            ModelVerdict(
                of: model.name, evaluations: outcome.evaluations, worstCases: outcome.worstCases,
                signs: signs.first { $0.checkpoint == model.name })
        }
        comparisons = ModelComparison.all(among: outcome.evaluations)
    }

    /// The threat model with a budget that most untargeted white-box sets share; of equals linf,
    /// then the largest.
    private static func sharedBudget(_ evaluations: [Evaluation]) -> ThreatModel? {
        let shared = evaluations.filter {
            $0.access == .whiteBox && !$0.isTargeted && $0.threatModel.epsilon != nil
        }
        let counts = Dictionary(grouping: shared, by: \.threatModel).mapValues(\.count)
        func rank(_ entry: (key: ThreatModel, value: Int)) -> (Int, Int, Double) {
            (entry.value, entry.key.norm == .linf ? 1 : 0, entry.key.budget)
        }
        return counts.max { rank($0) < rank($1) }?.key
    }

    /// On the clean rows of the first sound set; nil where there is none, or where its pixels are
    /// not such that the model can be asked about them.
    private static func signs(
        of model: Checkpoint, _ evaluations: [Evaluation], in store: Store,
        epsilon: ExactFraction
    ) throws -> ModelSigns? {
        let own = evaluations.filter { $0.checkpoint == model.name && !$0.isRejected }
        guard let chosen = own.first(where: { $0.access == .whiteBox }) ?? own.first else {
            return nil
        }
        let set = try store.adversarialSet(named: chosen.set)
        let classifier = try model.classifier(in: store.path)
        let images = try LabelledImages(
            images: set.clean(), labels: set.labels, classCount: classifier.classCount)
        return try? ModelSigns(
            EvaluatedModel(name: model.name, digest: model.digest, classifier: classifier),
            images: images, epsilon: epsilon)
    }
}
