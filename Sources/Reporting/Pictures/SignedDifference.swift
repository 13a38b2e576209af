// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What an attack changed, made visible: the signed difference, amplified around middle grey.
///
/// Brighter than grey means that a pixel was raised, darker that it was lowered.
public struct SignedDifference: Sendable {
    public let picture: PixelImage
    /// The factor that the difference was multiplied by, stated in the caption.
    public let amplification: Int
    /// The largest absolute change of a pixel, in [0, 1].
    public let largest: Float

    /// - Parameters:
    ///   - clean, changed: (C, H, W) in [0, 1].
    ///   - amplification: nil chooses the largest of 1, 2, 5, 10, ... 100 that clips nothing.
    public init(
        clean: [Float], changed: [Float], shape: Shape, amplification: Int? = nil
    ) {
        precondition(clean.count == changed.count)
        let differences = zip(clean, changed).map { $1 - $0 }
        let largest = differences.reduce(0) { $1.isNaN ? $0 : max($0, abs($1)) }
        let factor = amplification ?? Self.amplification(for: largest)
        picture = PixelImage(differences.map { 0.5 + $0 * Float(factor) }, shape: shape)
        self.amplification = factor
        self.largest = largest
    }

    /// The largest factor for which no change of up to `largest` leaves the scale.
    public static func amplification(for largest: Float) -> Int {
        // A little slack, so that rounding of an epsilon such as 0.1 does not cost a step.
        [100, 50, 20, 10, 5, 2].first { Float($0) * largest <= 0.5005 } ?? 1
    }
}
