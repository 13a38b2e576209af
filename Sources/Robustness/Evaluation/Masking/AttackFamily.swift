// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What kind of search an attack is, by its name: what may be expected of it beside others.
public enum AttackFamily: String, CaseIterable, Hashable, Sendable {
    case oneStep = "one step"
    case iterative = "many steps"
    /// Looks for the smallest change.
    case minimal = "smallest change"
    case ensemble
    /// Asks for logits only.
    case blackBox = "black box"
    case noise
    case corruption
    /// Made elsewhere, and nobody said how.
    case unknown

    public init(name: String) {
        switch name {
        case "fgsm": self = .oneStep
        case "pgd", "bim", "mi-fgsm", "apgd", "apgd-t": self = .iterative
        case "deepfool", "cw", "fab", "fab-t", "jsma": self = .minimal
        case "autoattack": self = .ensemble
        case "square": self = .blackBox
        case "noise": self = .noise
        case "corruption": self = .corruption
        default: self = .unknown
        }
    }

    /// Follows the model's gradient.
    public var usesGradient: Bool {
        switch self {
        case .oneStep, .iterative, .minimal, .ensemble: true
        case .blackBox, .noise, .corruption, .unknown: false
        }
    }
}

extension Evaluation {
    public var family: AttackFamily {
        AttackFamily(name: attackRecord["name"]?.stringValue ?? "")
    }

    /// The loss the attack climbed; nil where it has none.
    public var attackLoss: String? { attackRecord["parameters"]?["loss"]?.stringValue }
}
