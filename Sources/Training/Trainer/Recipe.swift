// SPDX-License-Identifier: Apache-2.0

/// Everything a training run depends on beside the graph, the data and the teacher's targets. Two
/// runs of equal recipes end with equal weights, bit for bit, on the same kind of processor.
public struct Recipe: Hashable, Sendable {
    public var epochs: Int
    public var batchSize: Int
    public var optimizer: OptimizerRule
    public var learningRate: Double
    public var schedule: LearningRateSchedule
    /// The most the global norm of the gradients may be; nil for no clipping.
    public var clipNorm: Double?
    public var loss: Loss
    public var augmentation: Augmentation
    /// Keys initialisation, shuffling, augmentation, dropout and, unless `splitSeed` is set, the
    /// validation split.
    public var seed: UInt64
    public var splitSeed: UInt64?
    /// Share of the training set held out to choose the best checkpoint.
    public var validationFraction: Double
    public var precision: Network.Precision
    public var fineTuning: FineTuning?
    /// Learn from perturbed images; nil learns from plain ones.
    public var adversarial: AdversarialTraining?

    public init(
        epochs: Int = 5, batchSize: Int = 128, optimizer: OptimizerRule = .adam(),
        learningRate: Double = 1e-3, schedule: LearningRateSchedule = LearningRateSchedule(),
        clipNorm: Double? = nil, loss: Loss = .crossEntropy(temperature: 1),
        augmentation: Augmentation = .none, seed: UInt64 = 0, splitSeed: UInt64? = nil,
        validationFraction: Double = 0.1, precision: Network.Precision = .f32,
        fineTuning: FineTuning? = nil, adversarial: AdversarialTraining? = nil
    ) {
        self.epochs = epochs
        self.batchSize = batchSize
        self.optimizer = optimizer
        self.learningRate = learningRate
        self.schedule = schedule
        self.clipNorm = clipNorm
        self.loss = loss
        self.augmentation = augmentation
        self.seed = seed
        self.splitSeed = splitSeed
        self.validationFraction = validationFraction
        self.precision = precision
        self.fineTuning = fineTuning
        self.adversarial = adversarial
    }

    /// Epochs of the run, fine-tuning included.
    public var totalEpochs: Int { epochs + (fineTuning?.epochs ?? 0) }

    /// - Throws: ``TrainingError`` naming the first setting out of range.
    public func validate() throws(TrainingError) {
        guard epochs >= 1 else { throw TrainingError("epochs is \(epochs), expected 1 or more") }
        guard batchSize >= 1 else {
            throw TrainingError("batch_size is \(batchSize), expected 1 or more")
        }
        guard learningRate > 0, learningRate.isFinite else {
            throw TrainingError("learning_rate is \(learningRate), expected more than 0")
        }
        if let clipNorm, !(clipNorm > 0 && clipNorm.isFinite) {
            throw TrainingError("clip_norm is \(clipNorm), expected more than 0")
        }
        guard (0..<1).contains(validationFraction) else {
            throw TrainingError(
                "validation_fraction is \(validationFraction), expected a number in [0, 1)")
        }
        if let fineTuning {
            guard fineTuning.epochs >= 1 else {
                throw TrainingError(
                    "epochs of fine_tuning is \(fineTuning.epochs), expected 1 or more")
            }
            guard fineTuning.learningRate > 0, fineTuning.learningRate.isFinite else {
                throw TrainingError(
                    "learning_rate of fine_tuning is \(fineTuning.learningRate), expected more than 0"
                )
            }
            try Loss.crossEntropy(temperature: fineTuning.temperature).validate()
        }
        try optimizer.validate()
        try schedule.validate()
        try loss.validate()
        try augmentation.validate()
        try adversarial?.validate(loss: loss)
    }
}
