// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc
import Interchange
import Reporting
import Tensors
import Training

/// Training the nets of a sweep. Only the best epoch of each is kept, without its optimizer: a
/// sweep has many nets, and one training is what an interruption may cost.
struct SweepTraining {
    let store: String
    let plan: SweepPlan
    let data: LoadedData
    let progress: ProgressReporter
    let note: (String) -> Void
    /// Of the training rows; hashing them takes a noticeable time.
    private let dataDigest: Digest

    init(
        store: String, plan: SweepPlan, data: LoadedData, progress: ProgressReporter,
        note: @escaping (String) -> Void
    ) {
        (self.store, self.plan, self.data, self.progress) = (store, plan, data, progress)
        self.note = note
        dataDigest = data.train.digest()
    }

    /// Trains a net, or finds it in the store.
    ///
    /// - Parameter start: whose weights to start from; nil for fresh ones.
    /// - Throws: ``Failure`` when the store's net of that name had other settings.
    func train(
        _ name: String, recipe: Recipe, loss: Loss, from start: Checkpoint?,
        distillation: TrainingRun.Distillation? = nil
    ) throws -> Checkpoint {
        var recipe = recipe
        recipe.loss = loss
        let identity = identity(recipe, start: start, distillation: distillation)
        if let found = try existing(name) {
            try Self.check(found.metadata, identity, name: name, store: store)
            return found
        }
        let graph = try Architecture.graph(
            named: plan.architecture, imageShape: data.train.imageShape,
            classCount: data.train.classCount)
        let targets = try distillation.map {
            try TeacherTargets(
                $0.method.targets, caches: $0.caches.map { try TeacherLogits(stored: $0) },
                images: data.train)
        }
        let trainer = try Trainer(
            graph: graph, recipe: recipe, images: data.train, teacher: targets,
            perturbation: plan.perturbation)
        let result = try trainer.run(from: start.map { .parameters($0.tensors) } ?? .fresh) {
            progress.update(
                "\(name), epoch \($0.epoch)/\($0.epochs)", done: $0.batch, of: $0.batches,
                unit: "batches",
                note: "loss \(NumberText.short($0.loss, digits: 3)), "
                    + NumberText.rate(perSecond: $0.imagesPerSecond))
            return Interruption.isRequested ? .stop : .proceed
        }
        guard !result.isStopped else { throw Failure.interrupted("\(name) is not finished") }
        guard let best = result.best else {
            throw Failure("\(store): the training of '\(name)' has no epochs")
        }
        let accuracy = try testAccuracy(graph, best.parameters)
        let content = content(
            of: best, result, graph: graph, identity: identity, accuracy: accuracy,
            parents: distillation?.caches.map(\.digest) ?? start.map { [$0.digest] } ?? [])
        try commit { try $0.append(checkpoint: content, named: name) }
        note(
            "\(name): test accuracy \(NumberText.percent(accuracy ?? .nan)), "
                + NumberText.rate(perSecond: result.imagesPerSecond))
        return try Store.open(path: store).checkpoint(named: name)
    }

    /// A teacher's logits on the training rows, made or found.
    func softLabels(_ name: String, of teacher: Checkpoint) throws -> SoftLabels {
        let opened = try Store.open(path: store)
        if opened.entry(.softLabels, named: name) != nil {
            let found = try opened.softLabels(named: name)
            guard found.teacherDigest == teacher.digest else {
                throw Failure(
                    "\(store): the soft labels '\(name)' are those of the teacher \(found.teacherDigest.short), expected \(teacher.digest.short) of '\(teacher.name)'"
                )
            }
            return found
        }
        let images = data.train
        let labelled = try TeacherLogits(
            labelling: images, with: teacher.classifier(in: store)
        ) { done in
            progress.update("labelling \(name)", done: done, of: images.count)
            return !Interruption.isRequested
        }
        guard let labelled else { throw Failure.interrupted("\(name) is not finished") }
        try commit {
            try $0.append(
                softLabels: SoftLabelsContent(
                    logits: labelled.logits, rowIndex: Array(0..<images.count),
                    rowDigests: labelled.rowDigests, teacherDigest: teacher.digest,
                    dataDigest: dataDigest,
                    metadata: [
                        "data": .string(data.specification.description),
                        "teacher": .string(teacher.name),
                    ]), named: name)
        }
        return try Store.open(path: store).softLabels(named: name)
    }

    private func existing(_ name: String) throws -> Checkpoint? {
        guard access(store, F_OK) == 0 else { return nil }
        let opened = try Store.open(path: store)
        guard opened.entry(.checkpoint, named: name) != nil else { return nil }
        return try opened.checkpoint(named: name)
    }

    private func commit(_ body: (StoreWriter) throws -> Void) throws {
        let writer = try StoreWriter.openOrCreate(path: store)
        defer { writer.close() }
        try body(writer)
        try writer.commit()
    }

    private func testAccuracy(_ graph: Graph, _ parameters: NamedTensors) throws -> Double? {
        guard let test = data.test else { return nil }
        return try Classifier(graph: graph, parameters: parameters, batchSize: 256).evaluate(
            on: test
        ).accuracy
    }
}

// MARK: What is written down of a net

extension SweepTraining {
    /// What makes two trainings the same training.
    private func identity(
        _ recipe: Recipe, start: Checkpoint?, distillation: TrainingRun.Distillation?
    ) -> JSON {
        var identity: JSON = [
            "architecture": .string(plan.architecture), "recipe": recipe.json,
            "data_digest": .string(dataDigest.hexadecimal),
        ]
        if let start { identity["start"] = .string(start.digest.hexadecimal) }
        if let distillation {
            var json = distillation.method.json
            json["soft_labels"] = .array(
                distillation.caches.map { .string($0.digest.hexadecimal) })
            identity["distillation"] = json
        }
        return identity
    }

    private static func check(
        _ stored: JSON, _ identity: JSON, name: String, store: String
    ) throws {
        let keys = ["architecture", "recipe", "data_digest", "start", "distillation"]
        for key in keys {
            let difference = TrainingLog.firstDifference(
                stored[key] ?? .null, identity[key] ?? .null, path: key)
            guard let difference else { continue }
            throw Failure(
                "\(store): checkpoint '\(name)' belongs to another sweep: \(difference); choose another --prefix"
            )
        }
    }

    private func content(
        of snapshot: TrainingSnapshot, _ result: TrainingResult, graph: Graph, identity: JSON,
        accuracy: Double?, parents: [Digest]
    ) -> CheckpointContent {
        var axes: [String: String] = [:]
        var roles: [String: String] = [:]
        for parameter in graph.parameters {
            axes[parameter.name] = parameter.axes
            roles[parameter.name] = parameter.role.rawValue
        }
        var metadata = identity
        metadata["data"] = .string(data.specification.description)
        metadata["class_names"] = .array(data.train.classNames.map { .string($0) })
        metadata["epoch"] = .integer(snapshot.epoch)
        metadata["history"] = .array(result.history.map(\.json))
        metadata["kernel_threads"] = .integer(KernelThreads.count)
        var metrics = snapshot.history.last?.json ?? [:]
        metrics["test_accuracy"] = accuracy.map { .number($0) } ?? .null
        metrics["test_rows"] = .integer(data.test?.count ?? 0)
        metadata["metrics"] = metrics
        return CheckpointContent(
            tensors: snapshot.parameters, architecture: graph.json, metadata: metadata,
            parents: parents, dataDigest: dataDigest, axes: axes, roles: roles)
    }
}
