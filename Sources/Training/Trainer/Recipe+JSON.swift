// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension Recipe {
    /// Every setting, so that a checkpoint says what its defaults were.
    public var json: JSON {
        [
            "epochs": .integer(epochs), "batch_size": .integer(batchSize),
            "optimizer": optimizer.json, "learning_rate": .number(learningRate),
            "schedule": schedule.json, "clip_norm": clipNorm.map { .number($0) } ?? .null,
            "loss": loss.json, "augmentation": augmentation.json, "seed": Self.json(seed),
            "split_seed": splitSeed.map(Self.json) ?? .null,
            "validation_fraction": .number(validationFraction),
            "precision": .string(precision.rawValue),
            "fine_tuning": fineTuning?.json ?? .null,
            "adversarial": adversarial?.json ?? .null,
        ]
    }

    /// - Throws: ``TrainingError`` for an unknown key, a value of the wrong kind or out of range.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "recipe")
        let standard = Recipe()
        self.init(
            epochs: try settings.integer("epochs", default: standard.epochs),
            batchSize: try settings.integer("batch_size", default: standard.batchSize),
            learningRate: try settings.number("learning_rate", default: standard.learningRate),
            validationFraction: try settings.number(
                "validation_fraction", default: standard.validationFraction))
        if let value = settings.value("optimizer") { optimizer = try OptimizerRule(json: value) }
        if let value = settings.value("schedule") {
            schedule = try LearningRateSchedule(json: value)
        }
        if settings.value("clip_norm") != nil { clipNorm = try settings.number("clip_norm") }
        if let value = settings.value("loss") { loss = try Loss(json: value) }
        if let value = settings.value("augmentation") {
            augmentation = try Augmentation(json: value)
        }
        if settings.value("seed") != nil { seed = Self.seed(try settings.integer("seed")) }
        if settings.value("split_seed") != nil {
            splitSeed = Self.seed(try settings.integer("split_seed"))
        }
        let name = try settings.string("precision", default: standard.precision.rawValue)
        guard let precision = Network.Precision(rawValue: name) else {
            throw TrainingError("precision '\(name)' is unknown, expected f32 or bf16")
        }
        self.precision = precision
        if let value = settings.value("fine_tuning") { fineTuning = try FineTuning(json: value) }
        if let value = settings.value("adversarial") {
            adversarial = try AdversarialTraining(json: value)
        }
        try settings.finish()
        try validate()
    }

    /// Seeds above 2^63 - 1 are written as the negative number of the same bits.
    private static func json(_ seed: UInt64) -> JSON { .integer(Int(truncatingIfNeeded: seed)) }
    private static func seed(_ value: Int) -> UInt64 { UInt64(bitPattern: Int64(value)) }
}
