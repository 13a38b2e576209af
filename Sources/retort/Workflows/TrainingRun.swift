// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors
import Training
import Reporting

/// Training a model into a store, epoch by epoch: what `retort train` and `retort distill` do.
///
/// After every epoch a checkpoint `name@epoch` is committed with all that is needed to go on from
/// it, and `name` is moved to it; at the end `name` is moved to the best one.
struct TrainingRun {
    let store: String
    let name: String
    let data: LoadedData
    let architecture: String
    let recipe: Recipe
    /// The teachers' cached logits to learn from; nil trains on labels.
    var distillation: Distillation?
    /// The one that the recipe's adversarial training names.
    var perturbation: (any BatchPerturbation)?
    /// Go on from the last committed epoch.
    var resume = false

    /// What a student learns from.
    struct Distillation {
        let caches: [SoftLabels]
        let method: DistillationMethod
    }

    struct Outcome {
        let name: String
        let epoch: Int
        let digest: Digest
        let testAccuracy: Double?
        let validationAccuracy: Double?
        /// On perturbed validation rows, for adversarial training.
        let robustValidationAccuracy: Double?
        let imagesPerSecond: Double
        let seconds: Double
        let parameterCount: Int
        let effectiveWeights: EffectiveWeights
        let history: JSON

        /// `{checkpoint, digest, test_accuracy, images_per_second, ...}`.
        var json: JSON {
            var json: JSON = [
                "checkpoint": .string(name), "epoch": .integer(epoch),
                "digest": .string(digest.hexadecimal),
                "test_accuracy": testAccuracy.map { .number($0) } ?? .null,
                "validation_accuracy": validationAccuracy.map { .number($0) } ?? .null,
                "images_per_second": .number(imagesPerSecond), "seconds": .number(seconds),
                "parameters": .integer(parameterCount), "loss": effectiveWeights.json,
                "history": history,
            ]
            if let robustValidationAccuracy {
                json["robust_validation_accuracy"] = .number(robustValidationAccuracy)
            }
            return json
        }
    }

    func run(progress: ProgressReporter) throws -> Outcome {
        let graph = try Architecture.graph(
            named: architecture, imageShape: data.train.imageShape,
            classCount: data.train.classCount)
        let targets = try distillation.map {
            try TeacherTargets(
                $0.method.targets, caches: $0.caches.map { try TeacherLogits(stored: $0) },
                images: data.train)
        }
        let writer = try StoreWriter.openOrCreate(path: store)
        defer { writer.close() }
        let log = TrainingLog(
            run: self, graph: graph, dataDigest: data.train.digest(), writer: writer)
        let start = try log.start()
        let trainer = try Trainer(
            graph: graph, recipe: recipe, images: data.train, teacher: targets,
            perturbation: perturbation)
        let result = try trainer.run(
            from: start,
            progress: { step in
                progress.update(
                    "\(name), epoch \(step.epoch)/\(step.epochs)", done: step.batch,
                    of: step.batches, unit: "batches",
                    note: "loss \(NumberText.short(step.loss, digits: 3)), "
                        + NumberText.rate(perSecond: step.imagesPerSecond))
                return Interruption.isRequested ? .stop : .proceed
            },
            snapshot: { try log.commit($0) })
        guard !result.isStopped else {
            let last = log.lastCommitted.map { "holds '\($0)'" } ?? "holds no epoch of it yet"
            throw Failure.interrupted(
                "\(store) \(last); the same command with --resume goes on from there")
        }
        return try log.finish(result)
    }
}

extension TeacherLogits {
    init(stored cache: SoftLabels) throws {
        try self.init(
            logits: cache.logits(), rowDigests: cache.rowDigests(),
            augmentation: cache.metadata["augmentation"].map {
                try AppliedAugmentation(json: $0)
            })
    }
}
