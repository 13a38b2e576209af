// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension Trainer {
    /// Whether graph, recipe, data and targets fit together.
    static func check(
        graph: Graph, recipe: Recipe, images: LabelledImages, teacher: TeacherTargets?
    ) throws(TrainingError) {
        guard images.imageShape == graph.inputShape else {
            throw TrainingError(
                "images have shape \(images.imageShape), the graph takes \(graph.inputShape)")
        }
        guard images.classCount == graph.classCount else {
            throw TrainingError(
                "the data set has \(images.classCount) classes, the graph has \(graph.classCount) outputs"
            )
        }
        guard let teacher else {
            if let kind = recipe.loss.softTargetKind {
                throw TrainingError("the recipe's loss needs a teacher's \(kind.noun)")
            }
            return
        }
        guard teacher.count == images.count, teacher.classCount == images.classCount else {
            throw TrainingError(
                "the teacher's targets are for \(teacher.count) rows of \(teacher.classCount) classes, the data set has \(images.count) of \(images.classCount)"
            )
        }
        guard teacher.kind == (recipe.loss.softTargetKind ?? .labels) else {
            throw TrainingError(
                "the recipe's loss needs \((recipe.loss.softTargetKind ?? .labels).noun), the targets are \(teacher.kind.noun)"
            )
        }
        if let seen = teacher.augmentation {
            guard seen.augmentation == recipe.augmentation, seen.seed == recipe.seed else {
                throw TrainingError(
                    "the soft labels were made for rows augmented by \(seen.augmentation.json) with seed \(seen.seed); the recipe has \(recipe.augmentation.json) with seed \(recipe.seed)"
                )
            }
        }
    }

    /// The validation rows that are perturbed, spread over all of them: a data set may be sorted.
    var robustValidationRows: [Int] {
        let all = split.validation
        let count = min(recipe.adversarial?.validationRows ?? 0, all.count)
        return (0..<count).map { all[$0 * all.count / count] }
    }

    /// Loads weights and optimizer state; returns the snapshot the run goes on from.
    func prepare(_ start: TrainingStart) throws(TrainingError) -> TrainingSnapshot? {
        optimizer.reset()
        switch start {
        case .fresh:
            parameters.initialise(seed: recipe.seed)
            return nil
        case .parameters(let tensors):
            try parameters.load(tensors)
            return nil
        case .snapshot(let snapshot):
            guard snapshot.epoch <= recipe.totalEpochs else {
                throw TrainingError(
                    "the run to resume has done \(snapshot.epoch) epochs, the recipe has \(recipe.totalEpochs)"
                )
            }
            try parameters.load(snapshot.parameters)
            try optimizer.importState(snapshot.optimizer)
            return snapshot
        }
    }

    /// The rows of one epoch in their order.
    func plan(of epoch: Int, in phase: TrainingPhase) -> BatchPlan {
        BatchPlan(
            images: images, teacher: phase.teacher, rows: split.training,
            batchSize: recipe.batchSize, seed: recipe.seed, epoch: epoch, shuffled: true,
            augmentation: phase.augmentation,
            // A teacher that saw augmented rows saw those of one epoch.
            augmentationEpoch: phase.teacher?.augmentation?.epoch)
    }

    /// Among the epochs of the last phase: a student that is to be fine-tuned is not kept as it was
    /// before.
    func bestEpoch(of snapshot: TrainingSnapshot) -> Int? {
        let begun = phases.last { $0.epochs.lowerBound < snapshot.epoch } ?? phases[0]
        return snapshot.history.bestEpoch(after: begun.epochs.lowerBound)
    }

    func result(
        _ latest: TrainingSnapshot?, best: TrainingSnapshot?, isStopped: Bool
    ) -> TrainingResult {
        let bestEpoch = latest.flatMap { self.bestEpoch(of: $0) }
        return TrainingResult(
            snapshot: latest, bestEpoch: bestEpoch,
            best: best?.epoch == bestEpoch ? best : nil, isStopped: isStopped)
    }
}

extension Recipe {
    /// Whether the perturbation handed over is the one the recipe names.
    func check(_ perturbation: (any BatchPerturbation)?) throws(TrainingError) {
        guard adversarial?.perturbation != perturbation?.json else { return }
        let expected = adversarial.map { "\($0.perturbation)" } ?? "none"
        let found = perturbation.map { "\($0.json)" } ?? "none"
        throw TrainingError(
            "the recipe's adversarial training names the perturbation \(expected), the one given is \(found)"
        )
    }
}

extension ParameterSlice {
    init(_ slot: ParameterArena.Slot) {
        self.init(
            name: slot.specification.name, shape: slot.specification.shape, offset: slot.offset,
            isTrainable: slot.specification.isTrainable)
    }
}

extension TeacherTargets.Kind {
    var noun: String {
        switch self {
        case .probabilities(let temperature): "probabilities at T = \(temperature)"
        case .logits: "logits"
        case .labels: "labels"
        }
    }
}
