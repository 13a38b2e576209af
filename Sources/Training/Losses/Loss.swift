// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a training run minimises, as the mean over the rows of a batch. z are the logits of the
/// model in training, y the label, t the teacher's logits.
public enum Loss: Hashable, Sendable {
    /// CE(z / T, y). At T > 1 this trains the teacher of a defensive distillation.
    case crossEntropy(temperature: Double)
    /// CE(z / T, softmax(t / T)), without a factor T^2 and without labels: the student's loss in
    /// defensive distillation (Papernot et al., "Distillation as a defense to adversarial
    /// perturbations against deep neural networks", 2016, section IV).
    case softCrossEntropy(temperature: Double)
    /// (1 - alpha) CE(z, y) + alpha T^2 KL(softmax(t / T) || softmax(z / T)) (Hinton, Vinyals and
    /// Dean, "Distilling the knowledge in a neural network", 2015, section 2). KL is summed over
    /// the classes, PyTorch's `batchmean`.
    case hinton(alpha: Double, temperature: Double)
    /// 1/2 |z - t|^2 over logits centred to mean 0 (Ba and Caruana, "Do deep nets really need to
    /// be deep?", 2014, equation 1). A softmax does not see the mean, so neither does the loss.
    case logitMatching
}

extension Loss {
    /// nil for a loss that needs labels alone.
    public var softTargetKind: TeacherTargets.Kind? {
        switch self {
        case .crossEntropy: nil
        case .softCrossEntropy(let temperature): .probabilities(temperature: temperature)
        case .hinton(_, let temperature): .probabilities(temperature: temperature)
        case .logitMatching: .logits
        }
    }

    /// T; 1 for logit matching, which has none.
    public var temperature: Double {
        switch self {
        case .crossEntropy(let temperature), .softCrossEntropy(let temperature),
            .hinton(_, let temperature):
            temperature
        case .logitMatching: 1
        }
    }

    /// - Throws: ``TrainingError`` for a temperature that is not positive and finite, or an alpha
    ///   outside [0, 1].
    public func validate() throws(TrainingError) {
        guard temperature > 0, temperature.isFinite else {
            throw TrainingError("temperature \(temperature) is not a positive number")
        }
        if case .hinton(let alpha, _) = self, !(0...1).contains(alpha) {
            throw TrainingError("alpha \(alpha) is not between 0 and 1")
        }
    }
}

extension Loss {
    /// `{"kind": "hinton", "alpha": 0.9, "temperature": 4}` and the like.
    public var json: JSON {
        switch self {
        case .crossEntropy(let temperature):
            ["kind": "cross_entropy", "temperature": .number(temperature)]
        case .softCrossEntropy(let temperature):
            ["kind": "soft_cross_entropy", "temperature": .number(temperature)]
        case .hinton(let alpha, let temperature):
            ["kind": "hinton", "alpha": .number(alpha), "temperature": .number(temperature)]
        case .logitMatching: ["kind": "logit_matching"]
        }
    }

    /// - Throws: ``TrainingError`` for an unknown kind, a missing or an unknown key, or a value out
    ///   of range.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "loss")
        switch try settings.string("kind") {
        case "cross_entropy":
            self = .crossEntropy(temperature: try settings.number("temperature", default: 1))
        case "soft_cross_entropy":
            self = .softCrossEntropy(temperature: try settings.number("temperature"))
        case "hinton":
            self = .hinton(
                alpha: try settings.number("alpha"),
                temperature: try settings.number("temperature"))
        case "logit_matching": self = .logitMatching
        case let other:
            throw TrainingError(
                "loss '\(other)' is unknown, expected cross_entropy, soft_cross_entropy, hinton or logit_matching"
            )
        }
        try settings.finish()
        try validate()
    }
}
