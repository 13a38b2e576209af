// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Tensors

/// Two models on the same rows, or two sets against the same model: who is broken where.
public struct PairedComparison: Hashable, Sendable {
    public let both: Int
    public let onlyFirst: Int
    public let onlySecond: Int
    public let neither: Int

    /// - Throws: ``RobustnessError`` unless both speak of as many rows.
    public init(first: [Bool], second: [Bool]) throws(RobustnessError) {
        guard first.count == second.count else {
            throw RobustnessError(
                .data, "\(first.count) and \(second.count) rows cannot be compared in pairs")
        }
        self.init(pairs: zip(first, second))
    }

    init(pairs: Zip2Sequence<[Bool], [Bool]>) {
        both = pairs.count { $0 && $1 }
        onlyFirst = pairs.count { $0 && !$1 }
        onlySecond = pairs.count { !$0 && $1 }
        neither = pairs.count { !$0 && !$1 }
    }

    /// The exact two-sided McNemar test: how likely rows that differ would fall this unevenly if
    /// neither side were ahead (McNemar, "Note on the sampling error of the difference between
    /// correlated proportions or percentages", Psychometrika 12, 1947).
    public var pValue: Double {
        let discordant = onlyFirst + onlySecond
        guard discordant > 0 else { return 1 }
        let trials = Double(discordant)
        let fewer = min(onlyFirst, onlySecond)
        let tail = (0...fewer).reduce(0.0) { sum, count in
            let k = Double(count)
            let logChoose = lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1)
            return sum + exp(logChoose - trials * log(2.0))
        }
        return min(1, 2 * tail)
    }

    /// `{both, only_first, only_second, neither, p_value}`.
    public var json: JSON {
        [
            "both": .integer(both), "only_first": .integer(onlyFirst),
            "only_second": .integer(onlySecond), "neither": .integer(neither),
            "p_value": .number(pValue),
        ]
    }
}
