// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Changes images in the worst way it can find, for a model to learn from: the inner maximisation
/// of adversarial training (Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning
/// models resistant to adversarial attacks", 2018, equation 2.1).
///
/// Attacks live in a module that this one does not know, so the trainer is handed one of these.
public protocol BatchPerturbation: Sendable {
    /// Every setting, for the recipe: two perturbations of equal JSON change images alike.
    var json: JSON { get }

    /// Overwrites the pixels of a batch. What becomes of a row is a function of its pixels, its
    /// label, the model, and (seed, epoch, row key).
    ///
    /// - Parameters:
    ///   - pixels: (rows, C, H, W) in [0, 1], and so they stay.
    ///   - labels: one true class a row.
    ///   - rowKeys: row numbers in the data set.
    ///   - epoch: counts from 0; nil for validation, where images are perturbed as at the end of the
    ///     training and always from the same starting points.
    ///   - model: as it is now, in inference mode; takes the whole batch at once.
    /// - Throws: ``TrainingError`` when the model fails.
    func perturb(
        _ pixels: UnsafeMutableBufferPointer<Float>, labels: [Int32], rowKeys: [UInt64],
        epoch: Int?, seed: UInt64, against model: any DifferentiableClassifier
    ) throws(TrainingError)
}
