// SPDX-License-Identifier: Apache-2.0

/// The points within `epsilon` of an image: what an attack with a budget may reach.
public struct NormBall: Hashable, Sendable {
    public let norm: Norm
    /// In pixel units of [0, 1]; for `l0` a number of values.
    public let epsilon: ExactFraction

    public init(norm: Norm, epsilon: ExactFraction) {
        self.norm = norm
        self.epsilon = epsilon
    }

    /// The ball as what an evaluation holds a set against.
    public var threatModel: ThreatModel { ThreatModel(norm: norm, epsilon: epsilon) }
}
