// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Trains one model by one recipe: teachers from labels, students from cached logits.
///
/// A run is a pure function of graph, recipe, data and targets on a given kind of processor and
/// number of kernel threads. Nothing is read from or written to files.
public final class Trainer {
    public let graph: Graph
    public let recipe: Recipe
    public let images: LabelledImages
    public let teacher: TeacherTargets?
    public let split: DataSplit
    let parameters: ParameterArena
    let optimizer: Optimizer
    let phases: [TrainingPhase]
    private let classifier: Classifier
    let attacker: BatchAttacker?
    private var networks: [Int: Network] = [:]

    /// - Parameters:
    ///   - images: the training set; the rows held out for validation come out of it.
    ///   - teacher: what the recipe's loss needs beside labels, for every row of `images`.
    ///   - perturbation: the one that the recipe's adversarial training names.
    /// - Throws: ``TrainingError`` when the recipe is out of range or the parts do not fit together.
    public init(
        graph: Graph, recipe: Recipe, images: LabelledImages, teacher: TeacherTargets? = nil,
        perturbation: (any BatchPerturbation)? = nil
    ) throws(TrainingError) {
        try recipe.validate()
        try Self.check(graph: graph, recipe: recipe, images: images, teacher: teacher)
        try recipe.check(perturbation)
        self.graph = graph
        self.recipe = recipe
        self.images = images
        self.teacher = teacher
        split = try DataSplit(
            count: images.count, validationFraction: recipe.validationFraction,
            seed: recipe.splitSeed ?? recipe.seed)
        parameters = ParameterArena(graph: graph, seed: recipe.seed)
        optimizer = try Optimizer(
            recipe.optimizer, slices: parameters.slots.map(ParameterSlice.init))
        phases = recipe.phases(teacher: teacher)
        classifier = try Classifier(
            parameters: parameters, batchSize: recipe.batchSize, precision: recipe.precision)
        attacker =
            if let perturbation {
                try BatchAttacker(perturbation, parameters: parameters, recipe: recipe)
            } else {
                nil
            }
    }

    /// Runs the recipe to its end.
    ///
    /// - Parameters:
    ///   - progress: called after every batch.
    ///   - snapshot: called after every epoch, for the caller to store what a resumed run needs.
    /// - Throws: ``TrainingError`` when the start does not fit, a loss or weight is no longer
    ///   finite, or a kernel fails; and whatever `snapshot` throws.
    public func run(
        from start: TrainingStart = .fresh,
        progress: (TrainingProgress) -> TrainingDirective = { _ in .proceed },
        snapshot: (TrainingSnapshot) throws -> Void = { _ in }
    ) throws -> TrainingResult {
        var latest = try prepare(start)
        var best = latest
        for epoch in (latest?.epoch ?? 0)..<recipe.totalEpochs {
            guard let record = try trainEpoch(epoch, progress: progress) else {
                return result(latest, best: best, isStopped: true)
            }
            let current = try TrainingSnapshot(
                epoch: epoch + 1, parameters: parameters.tensors(),
                optimizer: optimizer.exportState(), history: (latest?.history ?? []) + [record])
            if bestEpoch(of: current) == current.epoch { best = current }
            latest = current
            try snapshot(current)
        }
        return result(latest, best: best, isStopped: false)
    }

    /// One pass over the training rows and the validation that follows; nil when stopped.
    private func trainEpoch(
        _ epoch: Int, progress: (TrainingProgress) -> TrainingDirective
    ) throws(TrainingError) -> EpochRecord? {
        let phase = phases.last { $0.epochs.contains(epoch) } ?? phases[0]
        // Moments gathered under one loss mean nothing under the next.
        if epoch == phase.epochs.lowerBound { optimizer.reset() }
        let pipeline = BatchPipeline(plan(of: epoch, in: phase))
        let batches = pipeline.plan.batchCount
        var total = LossValue()
        var rate = 0.0
        var number = 0
        let clock = ContinuousClock()
        let start = clock.now
        while let batch = pipeline.next() {
            rate = phase.rate(epoch: epoch, batch: number, batches: batches)
            number += 1
            let value = try step(batch, phase: phase, epoch: epoch, rate: rate)
            guard value.sum.isFinite else {
                throw TrainingError(
                    "the loss is \(value.mean) in epoch \(epoch + 1), batch \(number) of \(batches): try a lower learning rate or clip_norm"
                )
            }
            total += value
            let seconds = (clock.now - start) / .seconds(1)
            let directive = progress(
                TrainingProgress(
                    epoch: epoch + 1, epochs: recipe.totalEpochs, batch: number, batches: batches,
                    loss: total.mean, accuracy: total.accuracy, learningRate: rate,
                    imagesPerSecond: Double(total.count) / seconds))
            if directive == .stop { return nil }
        }
        let seconds = (clock.now - start) / .seconds(1)
        guard parameters.values.allSatisfy(\.isFinite) else {
            throw TrainingError(
                "the weights are no longer finite after epoch \(epoch + 1): try a lower learning rate or clip_norm"
            )
        }
        return EpochRecord(
            epoch: epoch + 1, learningRate: rate, training: total,
            validation: try validate(phase),
            robustValidationAccuracy: try validateRobustly(), seconds: seconds)
    }

    /// Gradients, update.
    private func step(
        _ batch: Batch, phase: TrainingPhase, epoch: Int, rate: Double
    ) throws(TrainingError) -> LossValue {
        let value = try computeGradients(of: batch, phase: phase, epoch: epoch)
        guard value.sum.isFinite else { return value }
        if let clipNorm = recipe.clipNorm {
            GradientClipping.clip(
                parameters.gradients, slices: optimizer.slices, maximumNorm: clipNorm)
        }
        optimizer.step(
            values: parameters.values, gradients: UnsafeBufferPointer(parameters.gradients),
            learningRate: rate)
        parameters.valuesChanged()
        return value
    }

    private func validate(_ phase: TrainingPhase) throws(TrainingError) -> LossValue? {
        guard !split.validation.isEmpty else { return nil }
        return try classifier.evaluate(
            on: images, rows: split.validation, loss: phase.loss, teacher: phase.teacher)
    }

    private func validateRobustly() throws(TrainingError) -> Double? {
        let rows = robustValidationRows
        guard let attacker, !rows.isEmpty else { return nil }
        return try attacker.accuracy(
            on: BatchPlan(
                images: images, rows: rows, batchSize: recipe.batchSize, seed: recipe.seed,
                epoch: 0, shuffled: false))
    }

    /// The last batch of an epoch may be smaller than the others and has a plan of its own.
    func network(for count: Int) throws(TrainingError) -> Network {
        if let known = networks[count] { return known }
        let network = try Network(
            graph: graph, parameters: parameters, batchSize: count, purpose: .training,
            precision: recipe.precision)
        networks[count] = network
        return network
    }
}
