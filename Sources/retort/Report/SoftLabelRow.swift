// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One row of logits, whose temperature is still a free choice.
struct SoftLabelRow {
    let logits: [Double]

    init(_ logits: [Double]) {
        self.logits = logits
    }

    /// The largest logit minus the second.
    var gap: Double {
        let sorted = logits.sorted()
        return sorted.count > 1 ? sorted[sorted.count - 1] - sorted[sorted.count - 2] : .nan
    }

    var prediction: Int { logits.indices.max { logits[$0] < logits[$1] } ?? 0 }

    /// softmax(z / T).
    func probabilities(at temperature: Double) -> [Double] {
        let largest = logits.max() ?? 0
        let weights = logits.map { exp(($0 - largest) / temperature) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }
}
