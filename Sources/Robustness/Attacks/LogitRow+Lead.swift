// SPDX-License-Identifier: Apache-2.0

extension LogitRow {
    /// By how much one logit has to lead another for the order to outlast a change of the batch
    /// size, which changes sums in their last bits. Attacks that look for the smallest change end
    /// on the decision boundary, where a lead of nothing is worth nothing.
    var lastingLead: Float {
        var largest: Float = 0
        for label in 0..<classCount { largest = max(largest, abs(values[label])) }
        return 1e-5 * largest
    }
}
