// SPDX-License-Identifier: Apache-2.0

/// FAB's final search on the way from the clean image to the best example: the place where the
/// margin would be zero if it were linear between the two nearest points known (Croce and Hein,
/// 2020, section 3.4; 3 tries there, left out of the authors' code).
struct FastAdaptiveBoundaryRefinement {
    private let example: [Float]
    /// Shares of the way: the farthest point known to be on the clean side, and the nearest known
    /// example, with the margins there.
    private var near = 0.0
    private var far = 1.0
    private var nearMargin: Double
    private var farMargin: Double
    private var share: Double
    private(set) var tries = 0

    init(example: [Float], cleanMargin: Float, margin: Float) {
        self.example = example
        nearMargin = Double(cleanMargin)
        farMargin = Double(margin)
        share = Self.root(0, Double(cleanMargin), 1, Double(margin))
    }

    /// A little beyond the root, so that a linear margin gives an example.
    private static func root(
        _ near: Double, _ nearMargin: Double, _ far: Double, _ farMargin: Double
    ) -> Double {
        let span = far - near
        let root = near + span * nearMargin / max(nearMargin - farMargin, 1e-30)
        return min(root + 0.01 * (far - root) + 1e-6 * span, far)
    }

    /// The point to look at.
    func trial(from clean: UnsafeBufferPointer<Float>) -> [Float] {
        let share = Float(share)
        return zip(clean, example).map { centre, end in
            AutoPGDBall.clamp(centre + (end - centre) * share, 0, 1)
        }
    }

    /// Takes the margin there.
    mutating func hear(margin: Float, isExample: Bool) {
        tries += 1
        if isExample {
            (far, farMargin) = (share, Double(margin))
        } else {
            (near, nearMargin) = (share, max(Double(margin), 0))
        }
        share = Self.root(near, nearMargin, far, farMargin)
    }
}
