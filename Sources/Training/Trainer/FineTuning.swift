// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Epochs on clean images with true labels, after the main part of a run.
public struct FineTuning: Hashable, Sendable {
    public var epochs: Int
    public var learningRate: Double
    /// Of the cross entropy. A network trained at T has logits T times as large, so T = 1 would
    /// find its loss saturated and move almost nothing.
    public var temperature: Double

    public init(epochs: Int, learningRate: Double, temperature: Double) {
        self.epochs = epochs
        self.learningRate = learningRate
        self.temperature = temperature
    }

    public var json: JSON {
        [
            "epochs": .integer(epochs), "learning_rate": .number(learningRate),
            "temperature": .number(temperature),
        ]
    }

    /// - Throws: ``TrainingError`` for a missing or unknown key.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "fine_tuning")
        epochs = try settings.integer("epochs")
        learningRate = try settings.number("learning_rate")
        temperature = try settings.number("temperature", default: 1)
        try settings.finish()
    }
}
