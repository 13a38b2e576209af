// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How gradients become steps. Semantics, defaults and names are those of `torch.optim`; weight
/// decay reaches every trainable parameter, biases and batch norm included, as it does there.
public enum OptimizerRule: Hashable, Sendable {
    /// b = momentum b + g; step along b, or along g + momentum b with Nesterov's look-ahead.
    /// Weight decay adds `weightDecay` p to g.
    case sgd(momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0)
    /// Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1. Weight decay
    /// adds `weightDecay` p to g.
    case adam(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0)
    /// Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2: p first
    /// shrinks by learning rate * `weightDecay`.
    case adamW(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0.01)
}

extension OptimizerRule {
    public var name: String {
        switch self {
        case .sgd: "sgd"
        case .adam: "adam"
        case .adamW: "adamw"
        }
    }

    public var weightDecay: Double {
        switch self {
        case .sgd(_, _, let decay), .adam(_, _, _, let decay), .adamW(_, _, _, let decay): decay
        }
    }

    /// The buffers kept beside the parameters, each as long as they are.
    var stateNames: [String] {
        switch self {
        case .sgd(let momentum, _, _): momentum == 0 ? [] : ["momentum"]
        case .adam, .adamW: ["exp_avg", "exp_avg_sq"]
        }
    }

    /// - Throws: ``TrainingError`` naming the first setting out of range.
    public func validate() throws(TrainingError) {
        func require(
            _ holds: Bool, _ name: String, _ value: Double, _ range: String
        ) throws(TrainingError) {
            if !holds {
                throw TrainingError("\(name) of \(self.name) is \(value), expected \(range)")
            }
        }
        try require(
            weightDecay >= 0 && weightDecay.isFinite, "weight_decay", weightDecay, "0 or more")
        switch self {
        case .sgd(let momentum, let nesterov, _):
            try require((0..<1).contains(momentum), "momentum", momentum, "a number in [0, 1)")
            try require(
                !nesterov || momentum > 0, "momentum", momentum, "more than 0 with nesterov")
        case .adam(let beta1, let beta2, let epsilon, _),
            .adamW(let beta1, let beta2, let epsilon, _):
            try require((0..<1).contains(beta1), "beta1", beta1, "a number in [0, 1)")
            try require((0..<1).contains(beta2), "beta2", beta2, "a number in [0, 1)")
            try require(epsilon > 0 && epsilon.isFinite, "epsilon", epsilon, "more than 0")
        }
    }
}

extension OptimizerRule {
    public var json: JSON {
        var json: JSON = ["kind": .string(name), "weight_decay": .number(weightDecay)]
        switch self {
        case .sgd(let momentum, let nesterov, _):
            json["momentum"] = .number(momentum)
            json["nesterov"] = .bool(nesterov)
        case .adam(let beta1, let beta2, let epsilon, _),
            .adamW(let beta1, let beta2, let epsilon, _):
            json["beta1"] = .number(beta1)
            json["beta2"] = .number(beta2)
            json["epsilon"] = .number(epsilon)
        }
        return json
    }

    /// - Throws: ``TrainingError`` for an unknown kind, an unknown key, or a value out of range.
    public init(json: JSON) throws(TrainingError) {
        var settings = try SettingsReader(json, of: "optimizer")
        let kind = try settings.string("kind")
        switch kind {
        case "sgd":
            self = .sgd(
                momentum: try settings.number("momentum", default: 0),
                nesterov: try settings.bool("nesterov", default: false),
                weightDecay: try settings.number("weight_decay", default: 0))
        case "adam", "adamw":
            let beta1 = try settings.number("beta1", default: 0.9)
            let beta2 = try settings.number("beta2", default: 0.999)
            let epsilon = try settings.number("epsilon", default: 1e-8)
            let decay = try settings.number("weight_decay", default: kind == "adam" ? 0 : 0.01)
            self =
                kind == "adam"
                ? .adam(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay)
                : .adamW(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay)
        default:
            throw TrainingError("optimizer '\(kind)' is unknown, expected sgd, adam or adamw")
        }
        try settings.finish()
        try validate()
    }
}
