// SPDX-License-Identifier: Apache-2.0

/// One row of logits read as a decision.
struct LogitRow {
    let values: UnsafePointer<Float>
    let classCount: Int

    var isFinite: Bool {
        (0..<classCount).allSatisfy { values[$0].isFinite }
    }

    /// The first class with the largest logit; nil when a logit is not finite.
    var prediction: Int? {
        var best = 0
        for index in 0..<classCount {
            guard values[index].isFinite else { return nil }
            if values[index] > values[best] { best = index }
        }
        return best
    }

    /// The first class with the smallest logit.
    var leastLikely: Int {
        var worst = 0
        for index in 0..<classCount where values[index] < values[worst] { worst = index }
        return worst
    }

    /// The classes by falling logit, equals in order of their numbers.
    var order: [Int] {
        (0..<classCount).sorted {
            values[$0] == values[$1] ? $0 < $1 : values[$0] > values[$1]
        }
    }

    /// z_label minus the largest other logit: below zero where the label lost.
    func margin(of label: Int) -> Float {
        var rival = -Float.infinity
        for index in 0..<classCount where index != label { rival = max(rival, values[index]) }
        return values[label] - rival
    }

    /// The largest logit minus the second largest.
    var gap: Float {
        var (first, second) = (-Float.infinity, -Float.infinity)
        for index in 0..<classCount {
            if values[index] > first {
                (first, second) = (values[index], first)
            } else if values[index] > second {
                second = values[index]
            }
        }
        return first - second
    }
}
