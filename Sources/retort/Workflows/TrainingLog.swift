// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Tensors
import Training

/// One training run's trace in its store: a checkpoint after every epoch, and what is needed to go
/// on from the last one.
final class TrainingLog {
    private let run: TrainingRun
    private let graph: Graph
    private let dataDigest: Digest
    private let writer: StoreWriter
    private(set) var lastCommitted: String?

    init(run: TrainingRun, graph: Graph, dataDigest: Digest, writer: StoreWriter) {
        self.run = run
        self.graph = graph
        self.dataDigest = dataDigest
        self.writer = writer
    }

    // MARK: Going on

    /// Where the run goes on: the last stored epoch, or a fresh start.
    ///
    /// - Throws: ``Failure`` when the name is taken and nobody asked to resume, or when the stored
    ///   run is another one.
    func start() throws -> TrainingStart {
        let epochs = writer.entries.filter {
            $0.kind == .checkpoint && $0.name.base == run.name && $0.name.epoch != nil
        }
        guard let last = epochs.max(by: { $0.name < $1.name }) else {
            try writer.requireFree(.checkpoint, run.name)
            return .fresh
        }
        guard run.resume else {
            throw Failure(
                "\(writer.path): checkpoint '\(last.name)' is already there; add --resume to go on from it, or choose another name"
            )
        }
        let checkpoint = try Store.open(path: writer.path).checkpoint(
            named: last.name.description)
        try requireSameRun(as: checkpoint)
        lastCommitted = checkpoint.name
        let history = try (checkpoint.metadata["history"]?.arrayValue ?? []).map {
            try EpochRecord(json: $0)
        }
        return .snapshot(
            try TrainingSnapshot(
                epoch: last.name.epoch ?? 0, parameters: checkpoint.tensors,
                optimizer: checkpoint.optimizer ?? NamedTensors(), history: history))
    }

    private func requireSameRun(as checkpoint: Checkpoint) throws {
        guard checkpoint.architecture == graph.json else {
            throw Failure(
                "\(writer.path): checkpoint '\(checkpoint.name)' has another architecture than '\(run.architecture)' on these images, so the run cannot go on"
            )
        }
        for (key, value) in identity.objectValue ?? [:] {
            let stored = checkpoint.metadata[key] ?? .null
            if let difference = Self.firstDifference(stored, value, path: key) {
                throw Failure(
                    "\(writer.path): checkpoint '\(checkpoint.name)' belongs to another run: \(difference)"
                )
            }
        }
    }

    static func firstDifference(_ stored: JSON, _ asked: JSON, path: String) -> String? {
        if stored == asked { return nil }
        guard case .object(let left) = stored, case .object(let right) = asked else {
            return "\(path) is \(stored) there, \(asked) here"
        }
        for key in Set(left.keys).union(right.keys).sorted() {
            let found = firstDifference(
                left[key] ?? .null, right[key] ?? .null, path: path + "." + key)
            if let found { return found }
        }
        return nil
    }

    /// What makes two runs the same run.
    private var identity: JSON {
        var identity: JSON = [
            "architecture": .string(run.architecture), "recipe": run.recipe.json,
            "data_digest": .string(dataDigest.hexadecimal),
        ]
        if let distillation = run.distillation {
            var json = distillation.method.json
            json["soft_labels"] = .array(
                distillation.caches.map { .string($0.digest.hexadecimal) })
            identity["distillation"] = json
        }
        return identity
    }

    // MARK: Storing

    /// Commits the checkpoint of one epoch and moves the run's name to it.
    func commit(_ snapshot: TrainingSnapshot) throws {
        let name = "\(run.name)@\(snapshot.epoch)"
        var axes: [String: String] = [:]
        var roles: [String: String] = [:]
        for parameter in graph.parameters {
            axes[parameter.name] = parameter.axes
            roles[parameter.name] = parameter.role.rawValue
        }
        let content = CheckpointContent(
            tensors: snapshot.parameters, architecture: graph.json,
            metadata: try metadata(of: snapshot),
            parents: run.distillation?.caches.map(\.digest) ?? [], dataDigest: dataDigest,
            axes: axes, roles: roles,
            optimizer: snapshot.optimizer.isEmpty ? nil : snapshot.optimizer)
        try writer.append(checkpoint: content, named: name)
        try writer.relink(.checkpoint, alias: run.name, to: name)
        try writer.commit()
        lastCommitted = name
    }

    private func metadata(of snapshot: TrainingSnapshot) throws -> JSON {
        var metadata = identity
        metadata["data"] = .string(run.data.specification.description)
        metadata["class_names"] = .array(run.data.train.classNames.map { .string($0) })
        metadata["epoch"] = .integer(snapshot.epoch)
        metadata["loss"] = run.recipe.loss.effectiveWeights.json
        metadata["history"] = .array(snapshot.history.map(\.json))
        var metrics: JSON = [:]
        if let last = snapshot.history.last { metrics = last.json }
        if let test = run.data.test {
            // Measured for the record; the best epoch is chosen on the validation rows alone.
            let classifier = try Classifier(
                graph: graph, parameters: snapshot.parameters, batchSize: 256)
            let value = try classifier.evaluate(on: test)
            metrics["test_accuracy"] = .number(value.accuracy)
            metrics["test_rows"] = .integer(value.count)
        }
        metadata["metrics"] = metrics
        return metadata
    }

    /// Moves the run's name to its best epoch and reports that.
    func finish(_ result: TrainingResult) throws -> TrainingRun.Outcome {
        guard let best = result.bestEpoch, let snapshot = result.snapshot else {
            throw Failure("\(writer.path): the run '\(run.name)' has no epochs")
        }
        let name = "\(run.name)@\(best)"
        try writer.relink(.checkpoint, alias: run.name, to: name)
        try writer.commit()
        let checkpoint = try Store.open(path: writer.path).checkpoint(named: name)
        let metrics = checkpoint.metadata["metrics"]
        return TrainingRun.Outcome(
            name: run.name, epoch: best, digest: checkpoint.digest,
            testAccuracy: metrics?["test_accuracy"]?.doubleValue,
            validationAccuracy: metrics?["validation_accuracy"]?.doubleValue,
            robustValidationAccuracy: metrics?["robust_validation_accuracy"]?.doubleValue,
            imagesPerSecond: result.imagesPerSecond,
            seconds: snapshot.history.reduce(0) { $0 + $1.seconds },
            parameterCount: graph.parameters.filter(\.isTrainable).reduce(0) {
                $0 + $1.shape.elementCount
            },
            effectiveWeights: run.recipe.loss.effectiveWeights,
            history: .array(snapshot.history.map(\.json)))
    }
}
