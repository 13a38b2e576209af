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

    /// Several gradients at the same images, from one forward pass where the model can.
    ///
    /// - Parameters:
    ///   - gradients: (seedCount, count, C, H, W).
    ///   - seed: gets the number of a gradient and the logits (count, classes), and fills dL/dlogits,
    ///     which is zero before.
    /// - Throws: ``TrainingError`` when `count` is above ``batchSize`` or a kernel fails.
    func inputGradients(
        of images: UnsafeBufferPointer<Float>, count: Int, seedCount: Int,
        into gradients: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        seed: (Int, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError)
}

extension DifferentiableClassifier {
    public func inputGradients(
        of images: UnsafeBufferPointer<Float>, count: Int, seedCount: Int,
        into gradients: UnsafeMutableBufferPointer<Float>,
        logits: UnsafeMutableBufferPointer<Float>,
        seed: (Int, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(TrainingError) {
        let values = count * imageShape.elementCount
        for index in 0..<seedCount {
            try inputGradient(
                of: images, count: count,
                into: UnsafeMutableBufferPointer(
                    rebasing: gradients[(index * values)..<((index + 1) * values)]),
                logits: logits
            ) { seed(index, $0, $1) }
        }
    }
}
