// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Tensors

/// The learning rate over a run, as a factor of the recipe's learning rate.
///
/// Time is counted in epochs and evaluated at every step, so a schedule means the same whatever the
/// batch size. Warm-up rises linearly and reaches the full rate at its end (Goyal et al.,
/// "Accurate, large minibatch SGD", 2017, section 2.2); the decay then runs over what is left.
public struct LearningRateSchedule: Hashable, Sendable {
    public enum Decay: Hashable, Sendable {
        case constant
        /// Multiplied by `factor` after every `epochs` epochs.
        case step(epochs: Int, factor: Double)
        /// Half a cosine from 1 down to `final` (Loshchilov and Hutter, "SGDR", 2017, equation 5).
        case cosine(final: Double)
    }

    public var decay: Decay
    /// Epochs of linear warm-up; 0 for none.
    public var warmUpEpochs: Double

    public init(_ decay: Decay = .constant, warmUpEpochs: Double = 0) {
        self.decay = decay
        self.warmUpEpochs = warmUpEpochs
    }

    /// The factor for one step.
    ///
    /// - Parameters:
    ///   - step: counts from 0 over the whole run.
    ///   - epochs: the length of the run.
    public func factor(step: Int, stepsPerEpoch: Int, epochs: Int) -> Double {
        let warmUpSteps = warmUpEpochs * Double(stepsPerEpoch)
        if Double(step) < warmUpSteps {
            // The first step already moves: (step + 1), not step.
            return Swift.min(1, Double(step + 1) / warmUpSteps)
        }
        let elapsed = (Double(step) - warmUpSteps) / Double(stepsPerEpoch)
        switch decay {
        case .constant:
            return 1
        case .step(let period, let factor):
            return pow(factor, (elapsed / Double(period)).rounded(.down))
        case .cosine(let final):
            let length = Double(epochs) - warmUpEpochs
            let progress = length > 0 ? Swift.min(1, elapsed / length) : 1
            return final + (1 - final) * (1 + cos(.pi * progress)) / 2
        }
    }

    /// - Throws: ``TrainingError`` naming the first setting out of range.
    public func validate() throws(TrainingError) {
        guard warmUpEpochs >= 0, warmUpEpochs.isFinite else {
            throw TrainingError("warm_up_epochs is \(warmUpEpochs), expected 0 or more")
        }
        switch decay {
        case .constant: break
        case .step(let epochs, let factor):
            guard epochs > 0 else {
                throw TrainingError("the step schedule has epochs \(epochs), expected 1 or more")
            }
            guard factor > 0, factor.isFinite else {
                throw TrainingError("the step schedule has factor \(factor), expected more than 0")
            }
        case .cosine(let final):
            guard (0...1).contains(final) else {
                throw TrainingError(
                    "the cosine schedule has final \(final), expected a number in [0, 1]")
            }
        }
    }
}

extension LearningRateSchedule {
    public var json: JSON {
        var json: JSON = ["warm_up_epochs": .number(warmUpEpochs)]
        switch decay {
        case .constant: json["kind"] = "constant"
        case .step(let epochs, let factor):
            json["kind"] = "step"
            json["epochs"] = .integer(epochs)
            json["factor"] = .number(factor)
        case .cosine(let final):
            json["kind"] = "cosine"
            json["final"] = .number(final)
        }
        return json
    }

    /// - Throws: ``TrainingError`` for an unknown kind, an unknown key, or a value out of range.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "schedule")
        warmUpEpochs = try settings.number("warm_up_epochs", default: 0)
        switch try settings.string("kind") {
        case "constant": decay = .constant
        case "step":
            decay = .step(
                epochs: try settings.integer("epochs"),
                factor: try settings.number("factor", default: 0.1))
        case "cosine": decay = .cosine(final: try settings.number("final", default: 0))
        case let other:
            throw TrainingError(
                "schedule '\(other)' is unknown, expected constant, step or cosine")
        }
        try settings.finish()
        try validate()
    }
}
