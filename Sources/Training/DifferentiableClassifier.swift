// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A model in inference mode that can also be differentiated with respect to its input: all an
/// attack or an evaluation needs to know of it.
///
/// Images are `Float` in [0, 1], (count, C, H, W) row-major; logits are (count, classes).
public protocol DifferentiableClassifier: AnyObject {
    /// (C, H, W).
    var imageShape: Shape { get }
    var classCount: Int { get }
    /// The most images one call takes.
    var batchSize: Int { get }

    /// Writes the logits of `count` images.
    ///
    /// - Throws: ``TrainingError`` when `count` is above ``batchSize`` or a kernel fails.
    func logits(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into logits: UnsafeMutableBufferPointer<Float>
    ) throws(TrainingError)

    /// Runs forward, lets `lossGradient` turn the logits into dL/dlogits, and writes dL/dimages.
    ///
    /// - Parameter lossGradient: gets the logits (count, classes) and fills their gradient.
    /// - Throws: ``TrainingError`` when `count` is above ``batchSize`` or a kernel fails.
    func inputGradient(
        of images: UnsafeBufferPointer<Float>, count: Int,
        into gradient: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        lossGradient: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError)
}
