// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Robustness
import Tensors
import Training

/// Evaluations of models on sets as they add up, and what follows from all of them.
struct PairJudging {
    let limits: ModelSigns.Limits
    let probeEpsilon: ExactFraction
    /// Whether the user chose the models, so that a pair that does not fit was asked for.
    let isModelNamed: Bool
    private(set) var evaluations: [Evaluation] = []
    private(set) var refusals: [OfflineEvaluation.Refusal] = []
    private var signs: [String: ModelSigns] = [:]
    /// `kind-severity` of sets that hold one corruption each.
    private var conditions: [String: String] = [:]

    init(limits: ModelSigns.Limits, probeEpsilon: ExactFraction, isModelNamed: Bool) {
        self.limits = limits
        self.probeEpsilon = probeEpsilon
        self.isModelNamed = isModelNamed
    }

    /// Looks at a set by itself; nil, and a refusal, where it cannot be read as one.
    mutating func audit(
        _ stored: Checkpoints.AdversarialSet, origin: CleanRowOrigin
    ) throws -> SetAudit? {
        let (adversarial, clean) = (try stored.adversarial(), try stored.clean())
        let set: Robustness.AdversarialSet
        do throws(RobustnessError) {
            set = try Robustness.AdversarialSet(
                name: stored.name, adversarial: adversarial, clean: clean, labels: stored.labels,
                targets: stored.targets, metadata: stored.boundMetadata, claims: stored.claims)
        } catch {
            refusals.append(
                OfflineEvaluation.Refusal(
                    set: stored.name, checkpoint: nil,
                    defect: SetDefect(.malformed, error.description), isSkipped: false))
            return nil
        }
        if let condition = stored.condition { conditions[stored.name] = condition }
        return try origin.audit(set, data: stored.dataDigest)
    }

    mutating func judge(_ model: EvaluatedModel, on audit: SetAudit) throws {
        let set = audit.set
        if let defect = set.misfit(
            imageShape: model.classifier.imageShape, classCount: model.classifier.classCount)
        {
            let isOther = defect.kind == .wrongShape && !isModelNamed
            refusals.append(
                OfflineEvaluation.Refusal(
                    set: set.name, checkpoint: model.name, defect: defect, isSkipped: isOther))
            return
        }
        if signs[model.name] == nil, audit.defects.severity != .rejection, audit.isCleanInBox {
            signs[model.name] = try ModelSigns(
                model, images: LabelledImages(cleanRowsOf: set, model.classifier),
                epsilon: probeEpsilon, limits: limits)
        }
        evaluations.append(try Evaluator.evaluate(model, on: audit, masking: .notMeasured))
    }

    /// Everything that follows from all pairs together.
    ///
    /// - Parameter models: by name, in their order.
    func outcome(models: [String]) throws -> OfflineEvaluation.Outcome {
        let judged = evaluations.map { evaluation in
            evaluation.replacing(masking: signs[evaluation.checkpoint]?.masking ?? .notMeasured)
        }
        return try Self.outcome(judged, signs: models.compactMap { signs[$0] })
            .adding(refusals, corruptions: corruptions(models))
    }

    /// - Parameter evaluations: with their masking signs.
    static func outcome(
        _ evaluations: [Evaluation], signs: [ModelSigns]
    ) throws -> OfflineEvaluation.Outcome {
        let worst = try worstCases(evaluations)
        var models: [String] = []
        for evaluation in evaluations where !models.contains(evaluation.checkpoint) {
            models.append(evaluation.checkpoint)
        }
        return OfflineEvaluation.Outcome(
            evaluations: evaluations, worstCases: worst, signs: signs,
            comparisons: ModelComparison.all(among: evaluations),
            orders: AttackOrder.violations(among: evaluations),
            verdicts: models.map { name in
                ModelVerdict(
                    of: name, evaluations: evaluations, worstCases: worst,
                    signs: signs.first { $0.checkpoint == name })
            })
    }

    /// Of each model under each threat model with a budget: all examples on the same images that lie
    /// within it, from whatever set. Rejected sets take no part.
    private static func worstCases(_ evaluations: [Evaluation]) throws -> [WorstCase] {
        struct Key: Hashable {
            let checkpoint: String
            let threatModel: ThreatModel
            let images: Set<Int>
        }
        let usable = evaluations.filter { !$0.isRejected && $0.stages?.areConditions != true }
        let images = usable.map { Set($0.rowIDs) }
        var order: [Key] = []
        for (evaluation, images) in zip(usable, images) where evaluation.threatModel.epsilon != nil
        {
            let key = Key(
                checkpoint: evaluation.checkpoint, threatModel: evaluation.threatModel,
                images: images)
            if !order.contains(key) { order.append(key) }
        }
        return try order.compactMap { key in
            let group = zip(usable, images).filter { evaluation, images in
                evaluation.checkpoint == key.checkpoint && images == key.images
                    && evaluation.threatModel.fits(within: key.threatModel)
            }.map(\.0)
            return group.count > 1 ? try WorstCase(over: group, within: key.threatModel) : nil
        }
    }

    private func corruptions(_ models: [String]) -> [(checkpoint: String, grid: CorruptionGrid)] {
        models.compactMap { model in
            let rates = evaluations.compactMap { evaluation -> (name: String, accuracy: Rate)? in
                guard evaluation.checkpoint == model, let name = conditions[evaluation.set] else {
                    return nil
                }
                return (name, evaluation.rates.adversarialAccuracy)
            }
            return CorruptionGrid(rates).map { (model, $0) }
        }
    }
}

extension OfflineEvaluation.Outcome {
    fileprivate func adding(
        _ refusals: [OfflineEvaluation.Refusal],
        corruptions: [(checkpoint: String, grid: CorruptionGrid)]
    ) -> OfflineEvaluation.Outcome {
        var outcome = self
        outcome.refusals = refusals
        outcome.corruptions = corruptions
        return outcome
    }
}
