// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Robustness
import Tensors
import Training

extension SweepResults {
    /// Every sweep a store holds, measured.
    ///
    /// - Throws: as ``init(prefix:in:)``.
    static func all(in store: Store) throws -> [SweepResults] {
        try SweepNames.prefixes(in: store).map { try SweepResults(prefix: $0, in: store) }
    }

    /// Measures what the store holds of one sweep. Nothing but the store is read; parts that are
    /// not there yet are nil.
    ///
    /// - Throws: `StoreError` for a damaged store, `RobustnessError` for sets that do not fit their
    ///   model.
    init(prefix: String, in store: Store) throws {
        let names = SweepNames(prefix: prefix)
        let reader = Reader(store: store)
        let found = names.temperatures(in: store)
        let any = [names.base] + found.map { names.student($0) }
        let metadata = try any.compactMap { try reader.checkpoint($0) }.first?.metadata ?? .null
        let data = metadata["data"]?.stringValue ?? "unknown data"
        let published = PublishedSweep.matching(data: data)
        self.init(
            prefix: prefix, architecture: metadata["architecture"]?.stringValue ?? "unknown",
            data: data, epochs: metadata["recipe"]?["epochs"]?.integerValue,
            baseline: try reader.model(names.base),
            temperatures: try found.compactMap { temperature in
                guard let student = try reader.model(names.student(temperature)) else { return nil }
                let teacher = try reader.checkpoint(names.teacher(temperature))
                return Temperature(
                    temperature: temperature, teacherAccuracy: teacher?.testAccuracy,
                    student: student, publishedSuccess: published?.success[temperature])
            }, published: published)
    }

    /// Reads nets and sets that may not be there yet.
    private struct Reader {
        let store: Store

        func checkpoint(_ name: String) throws -> Checkpoint? {
            guard store.entry(.checkpoint, named: name) != nil else { return nil }
            return try store.checkpoint(named: name)
        }

        func model(_ name: String) throws -> Model? {
            guard let checkpoint = try checkpoint(name) else { return nil }
            let classifier = try checkpoint.classifier(in: store.path)
            func measured(_ attack: SweepAttack) throws -> Measured? {
                let set = attack.set(against: name)
                guard store.entry(.adversarialSet, named: set) != nil else { return nil }
                return try Measured(
                    set: Robustness.AdversarialSet(stored: store.adversarialSet(named: set)),
                    classifier: classifier, checkpoint: checkpoint)
            }
            let (jsma, scaled) = (try measured(.jsma), try measured(.scaledJSMA))
            let (logOdds, crossEntropy) = (
                try measured(.logOddsPGD), try measured(.crossEntropyPGD)
            )
            let carliniWagner = try measured(.carliniWagner)
            let clean = logOdds ?? crossEntropy ?? jsma ?? scaled ?? carliniWagner
            return Model(
                checkpoint: name, digest: checkpoint.digest,
                testAccuracy: checkpoint.testAccuracy, jsma: jsma?.targeted,
                scaledJSMA: scaled?.targeted, logOddsPGD: logOdds?.inBall,
                crossEntropyPGD: crossEntropy?.inBall, carliniWagner: carliniWagner?.minimal,
                gradients: try clean.map { try SweepGradients(of: classifier, on: $0.cleanRows()) })
        }
    }
}

/// One set and its evaluation against the model it was made for.
private struct Measured {
    let set: Robustness.AdversarialSet
    let evaluation: Evaluation

    init(
        set: Robustness.AdversarialSet, classifier: any DifferentiableClassifier,
        checkpoint: Checkpoint
    ) throws {
        self.set = set
        evaluation = try Evaluator.evaluate(
            classifier, checkpoint: checkpoint.name, digest: checkpoint.digest, on: set)
    }

    func cleanRows() throws -> LabelledImages {
        try LabelledImages(
            images: set.clean, labels: set.labels, classCount: evaluation.classes.count)
    }

    var inBall: SweepResults.InBall {
        SweepResults.InBall(
            set: set.name, attack: set.attackText, threatModel: set.threatModel.description,
            adversarialAccuracy: evaluation.rates.adversarialAccuracy)
    }

    var minimal: SweepResults.Minimal {
        let broken = evaluation.outcomes.filter { $0.isCleanCorrect && !$0.isAdversarialCorrect }
        let distances = Quantiles(of: broken.map { Float($0.distance) })
        return SweepResults.Minimal(
            set: set.name, attack: set.attackText,
            success: evaluation.rates.successCleanCorrect, meanDistance: distances.mean,
            medianDistance: distances.values.isEmpty ? nil : distances.values[2])
    }

    var targeted: SweepResults.Targeted {
        let rows = evaluation.outcomes.indices.filter { evaluation.outcomes[$0].isCleanCorrect }
        let outcomes = rows.map { evaluation.outcomes[$0] }
        let hits = outcomes.map { $0.prediction == $0.target }
        let sources = rows.map { evaluation.rowIDs[$0] }
        let success = Rate(hits.count { $0 }, of: hits.count)
        let changed = zip(hits, outcomes).filter(\.0).map(\.1.distance)
        return SweepResults.Targeted(
            set: set.name, attack: set.attackText, sources: Set(sources).count, success: success,
            interval: ClusteredInterval.interval(hits: hits, clusters: sources)
                ?? success.interval,
            meanFeatures: changed.isEmpty
                ? nil : changed.reduce(0, +) / Double(changed.count),
            hardness: hardness(hits: hits, sources: sources, distances: outcomes.map(\.distance)))
    }

    private func hardness(
        hits: [Bool], sources: [Int], distances: [Double]
    ) -> SweepResults.Hardness {
        let features = Double(set.pixelCount)
        var easiest: [Int: Double] = [:]
        for (index, source) in sources.enumerated() where hits[index] {
            easiest[source] = min(easiest[source] ?? .infinity, distances[index])
        }
        let reached = easiest.values.sorted().map { $0 / features }
        let censored = Set(sources).count - reached.count
        let cap = min(set.threatModel.budget, features) / features
        let all = reached + [Double](repeating: cap, count: censored)
        // The middle source, or the mean of the middle two, must have been reached.
        let middle = all.count / 2
        let median: Double? =
            reached.count > middle
            ? (all.count.isMultiple(of: 2)
                ? (reached[middle - 1] + reached[middle]) / 2 : reached[middle]) : nil
        return SweepResults.Hardness(
            reached: reached.count, censored: censored,
            meanReached: reached.isEmpty
                ? nil : reached.reduce(0, +) / Double(reached.count),
            meanAtLeast: all.isEmpty ? nil : all.reduce(0, +) / Double(all.count),
            median: median)
    }
}

extension Checkpoint {
    /// Over all test rows, as measured when the checkpoint was made.
    var testAccuracy: Double? { metadata["metrics"]?["test_accuracy"]?.doubleValue }
}
