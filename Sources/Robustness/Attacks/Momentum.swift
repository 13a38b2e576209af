// SPDX-License-Identifier: Apache-2.0

/// Gradients of former steps that a step goes along as well (Dong, Liao, Pang, Su, Zhu, Hu and Li,
/// "Boosting adversarial attacks with momentum", 2018, equation 6).
struct Momentum {
    private let decay: Double
    private(set) var velocity: [Float]

    init(decay: Double, count: Int) {
        self.decay = decay
        velocity = [Float](repeating: 0, count: count)
    }

    /// velocity = decay * velocity + gradient / |gradient|_1. A gradient that is zero or not finite
    /// has no direction and adds nothing: dividing it by its length would make all of it NaN.
    ///
    /// - Returns: false when the gradient added nothing.
    mutating func add(_ gradient: UnsafePointer<Float>) -> Bool {
        var length = 0.0
        for index in velocity.indices { length += Double(gradient[index].magnitude) }
        let scale = length > 0 && length.isFinite ? 1 / length : 0
        for index in velocity.indices {
            let added = scale > 0 ? scale * Double(gradient[index]) : 0
            velocity[index] = Float(decay * Double(velocity[index]) + added)
        }
        return scale > 0
    }
}
