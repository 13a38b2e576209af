// SPDX-License-Identifier: Apache-2.0

/// How one output of a model and all its others change with every feature of an image: what the
/// first step of the attack finds and the second one chooses from.
///
/// Signs are those of a move: where features are lowered, gains are minus the derivatives.
struct SaliencyMap {
    /// One value a feature. The target's gain is ``scale`` times it.
    let target: UnsafePointer<Float>
    /// The summed gain of all other outputs, unscaled; nil where it is exactly minus ``target``, as
    /// for probabilities, which sum to 1.
    let others: UnsafePointer<Float>?
    /// Features of the image.
    let count: Int
    /// 1 where features are raised, -1 where they are lowered.
    let sign: Float
    /// What ``target`` is multiplied by to be the derivative. Kept apart because the products may
    /// be denormal numbers, which are slow; it changes nothing about their order.
    let scale: Float

    /// Whether a sum of unscaled gains is one that helps once each part of it is rounded to what a
    /// `Float` holds: where the softmax has saturated, nothing of it is left.
    func survives(_ first: Float, _ second: Float = 0) -> Bool {
        first * scale + second * scale > 0
    }

    /// Whether every derivative of the target is exactly zero.
    var isZero: Bool {
        var largest: Float = 0
        for index in 0..<count { largest = max(largest, abs(target[index])) }
        return !(largest * scale > 0)
    }
}

/// The features that may still be changed.
struct FeatureDomain {
    /// 0 for an open feature, minus infinity for a closed one, which keeps it out of any maximum;
    /// padded with closed ones to a multiple of 8.
    private(set) var penalty: [Float]
    private(set) var openCount: Int

    /// - Parameter isOpen: asked for every feature once.
    init(count: Int, isOpen: (Int) -> Bool) {
        penalty = [Float](repeating: -.infinity, count: (count + 7) / 8 * 8)
        openCount = 0
        for index in 0..<count where isOpen(index) {
            penalty[index] = 0
            openCount += 1
        }
    }

    mutating func close(_ index: Int) {
        if penalty[index] == 0 { openCount -= 1 }
        penalty[index] = -.infinity
    }
}

/// What the second step chose: one feature, or a pair with `first < second`.
struct FeatureChoice: Hashable {
    let first: Int
    let second: Int?
}
