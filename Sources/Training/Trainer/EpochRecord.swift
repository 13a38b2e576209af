// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What one epoch measured.
public struct EpochRecord: Hashable, Sendable {
    /// Counts from 1.
    public let epoch: Int
    /// Of the last step.
    public let learningRate: Double
    /// Means over the epoch's batches, each taken before its step, in training mode; of perturbed
    /// images, where those are learnt from.
    public let trainingLoss: Double
    public let trainingAccuracy: Double
    /// Over the rows held out, in inference mode; nil when there are none.
    public let validationLoss: Double?
    public let validationAccuracy: Double?
    /// Of adversarial training: over perturbed validation rows, see ``AdversarialTraining``.
    public let robustValidationAccuracy: Double?
    /// Training alone, without validation.
    public let seconds: Double
    public let imagesPerSecond: Double

    public init(
        epoch: Int, learningRate: Double, training: LossValue, validation: LossValue?,
        robustValidationAccuracy: Double? = nil, seconds: Double
    ) {
        self.epoch = epoch
        self.learningRate = learningRate
        trainingLoss = training.mean
        trainingAccuracy = training.accuracy
        validationLoss = validation?.mean
        validationAccuracy = validation?.accuracy
        self.robustValidationAccuracy = robustValidationAccuracy
        self.seconds = seconds
        imagesPerSecond = seconds > 0 ? Double(training.count) / seconds : 0
    }
}

extension EpochRecord {
    public var json: JSON {
        var json: JSON = [
            "epoch": .integer(epoch), "learning_rate": .number(learningRate),
            "training_loss": .number(trainingLoss), "training_accuracy": .number(trainingAccuracy),
            "validation_loss": validationLoss.map { .number($0) } ?? .null,
            "validation_accuracy": validationAccuracy.map { .number($0) } ?? .null,
            "seconds": .number(seconds), "images_per_second": .number(imagesPerSecond),
        ]
        if let robustValidationAccuracy {
            json["robust_validation_accuracy"] = .number(robustValidationAccuracy)
        }
        return json
    }

    /// - Throws: ``TrainingError`` for a missing or unknown key.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "epoch record")
        epoch = try settings.integer("epoch")
        learningRate = try settings.number("learning_rate")
        trainingLoss = try settings.number("training_loss")
        trainingAccuracy = try settings.number("training_accuracy")
        validationLoss =
            settings.value("validation_loss") == nil ? nil : try settings.number("validation_loss")
        validationAccuracy =
            settings.value("validation_accuracy") == nil
            ? nil : try settings.number("validation_accuracy")
        robustValidationAccuracy =
            settings.value("robust_validation_accuracy") == nil
            ? nil : try settings.number("robust_validation_accuracy")
        seconds = try settings.number("seconds")
        imagesPerSecond = try settings.number("images_per_second")
        try settings.finish()
    }
}

extension EpochRecord {
    /// What epochs are compared by; nil without validation rows.
    fileprivate var decisiveAccuracy: Double? { robustValidationAccuracy ?? validationAccuracy }
}

extension [EpochRecord] {
    /// The epoch whose weights to keep: of the best validation accuracy (on perturbed rows, where
    /// those were measured) among epochs after `first`, the earlier of equals; without validation
    /// rows the last.
    public func bestEpoch(after first: Int = 0) -> Int? {
        var best: EpochRecord?
        for record in self where record.epoch > first {
            guard let accuracy = record.decisiveAccuracy else {
                best = record
                continue
            }
            if let current = best?.decisiveAccuracy, accuracy <= current { continue }
            best = record
        }
        return best?.epoch
    }
}
