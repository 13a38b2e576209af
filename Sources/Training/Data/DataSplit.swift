// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Which rows of a training set are trained on and which are held out to choose the best
/// checkpoint. The test set plays no part in either.
public struct DataSplit: Hashable, Sendable {
    /// Ascending row numbers.
    public let training: [Int]
    /// Ascending row numbers; empty for a fraction of 0.
    public let validation: [Int]

    /// Holds out `validationFraction` of the rows, drawn without regard to class: a pure function
    /// of the seed and the number of rows.
    ///
    /// - Throws: ``TrainingError`` when the fraction is not in [0, 1) or leaves no row to train on.
    public init(count: Int, validationFraction: Double, seed: UInt64) throws(TrainingError) {
        guard (0..<1).contains(validationFraction) else {
            throw TrainingError(
                "validation_fraction is \(validationFraction), expected a number in [0, 1)")
        }
        let held = Int((Double(count) * validationFraction).rounded())
        guard held < count else {
            throw TrainingError(
                "holding out \(validationFraction) of \(count) rows leaves none to train on")
        }
        var random = RandomStream(seed: seed, purpose: .split)
        let order = held == 0 ? Array(0..<count) : random.permutation(of: count)
        validation = order.prefix(held).sorted()
        training = order.dropFirst(held).sorted()
    }
}
