// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Which class a targeted attack aims at.
public enum AttackTarget: Hashable, Sendable {
    /// Untargeted: any class but the label.
    case none
    /// The class after the label, the last wrapping to 0.
    case next
    /// The class with the smallest logit on the clean image.
    case leastLikely
    /// Uniform among the other classes, drawn from (seed, row).
    case random
    /// Every class but the label, each as a row of its own.
    case all
    /// Always this class; rows that have it as label are skipped.
    case fixed(Int)

    public var text: String {
        switch self {
        case .none: "none"
        case .next: "next"
        case .leastLikely: "least-likely"
        case .random: "random"
        case .all: "all"
        case .fixed(let target): String(target)
        }
    }

    init(arguments: AttackArguments) throws(RobustnessError) {
        switch arguments.text("targeted") {
        case nil, "none": self = .none
        case "next": self = .next
        case "least-likely": self = .leastLikely
        case "random": self = .random
        case "all": self = .all
        case .some(let text):
            guard let target = Int(text), target >= 0 else {
                throw arguments.wrong(
                    "targeted",
                    expected: "none, next, least-likely, random, all or the number of a class")
            }
            self = .fixed(target)
        }
    }

    /// The target of one row; nil for untargeted attacks.
    ///
    /// - Parameter leastLikely: the class with the smallest clean logit.
    func resolve(label: Int, classCount: Int, row: Int, seed: UInt64, leastLikely: Int) -> Int? {
        switch self {
        case .none, .all: return nil
        case .next: return (label + 1) % classCount
        case .leastLikely: return leastLikely
        case .random:
            var stream = RandomStream(seed: seed, purpose: .attackTarget, row: UInt64(row))
            return (label + 1 + stream.integer(below: classCount - 1)) % classCount
        case .fixed(let target): return target
        }
    }
}
