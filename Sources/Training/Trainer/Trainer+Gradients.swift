// SPDX-License-Identifier: Apache-2.0

extension Trainer {
    /// Leaves the gradients of one batch in the arena: of the images as they are, or, where the
    /// phase says so, of perturbed ones.
    ///
    /// - Returns: the loss; with one that is not finite, there are no gradients.
    func computeGradients(
        of batch: Batch, phase: TrainingPhase, epoch: Int
    ) throws(TrainingError) -> LossValue {
        guard phase.isAdversarial, let attacker else {
            return try pass(batch, WeightedLoss(loss: phase.loss, weight: 1), epoch: epoch)
        }
        let parts = phase.loss.adversarialParts
        let clean = parts.clean == nil ? [] : Array(batch.images)
        try attacker.perturb(batch, epoch: epoch)
        var value = try pass(batch, parts.perturbed, epoch: epoch)
        guard value.sum.isFinite, let cleanPart = parts.clean else { return value }
        let perturbed = Array(parameters.gradients)
        _ = batch.mutableImages.update(from: clean)
        value.sum += try pass(batch, cleanPart, epoch: epoch).sum
        for index in perturbed.indices { parameters.gradients[index] += perturbed[index] }
        return value
    }

    /// Forward, loss, backward.
    private func pass(
        _ batch: Batch, _ part: WeightedLoss, epoch: Int
    ) throws(TrainingError) -> LossValue {
        let network = try network(for: batch.count)
        _ = network.input.update(fromContentsOf: batch.images)
        try network.forward(seed: recipe.seed, step: UInt64(epoch), rows: batch.rowKeys)
        var value = try batch.withTargets { targets throws(TrainingError) in
            try part.loss.evaluate(
                logits: UnsafeBufferPointer(network.logits), count: batch.count,
                classes: graph.classCount, targets: targets, gradient: network.logitsGradient)
        }
        guard value.sum.isFinite else { return value }
        if part.weight != 1 {
            value.sum *= part.weight
            let gradient = network.logitsGradient
            for index in gradient.indices { gradient[index] *= Float(part.weight) }
        }
        try network.backward()
        return value
    }
}

/// A perturbation and the model it looks at: one that shares the trainer's parameters.
struct BatchAttacker {
    private let perturbation: any BatchPerturbation
    private let model: Classifier
    private let seed: UInt64

    init(
        _ perturbation: any BatchPerturbation, parameters: ParameterArena, recipe: Recipe
    ) throws(TrainingError) {
        self.perturbation = perturbation
        seed = recipe.seed
        model = try Classifier(
            parameters: parameters, batchSize: recipe.batchSize, precision: recipe.precision,
            compilesExactSizes: true)
    }

    func perturb(_ batch: Batch, epoch: Int?) throws(TrainingError) {
        try perturbation.perturb(
            batch.mutableImages, labels: batch.labels, rowKeys: batch.rowKeys, epoch: epoch,
            seed: seed, against: model)
    }

    /// The share of rows that are told right when perturbed; logits that are not finite are wrong.
    ///
    func accuracy(on plan: BatchPlan) throws(TrainingError) -> Double {
        let pipeline = BatchPipeline(plan)
        let classes = model.classCount
        let logits = FloatBuffer(count: plan.batchSize * classes)
        var correct = 0
        while let batch = pipeline.next() {
            try perturb(batch, epoch: nil)
            try model.logits(of: batch.images, count: batch.count, into: logits.all)
            for (row, label) in batch.labels.enumerated() {
                let values = logits.base + row * classes
                guard (0..<classes).allSatisfy({ values[$0].isFinite }) else { continue }
                if SoftmaxRow.argmax(values, count: classes) == label { correct += 1 }
            }
        }
        return Double(correct) / Double(max(plan.order.count, 1))
    }
}
