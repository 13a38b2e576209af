// SPDX-License-Identifier: Apache-2.0

/// What FAB and FAB-T are told alike. The defaults are the original's, and the paper's three steps
/// of final search.
public struct FastAdaptiveBoundarySettings: Sendable, Hashable {
    public let norm: Norm
    /// In pixel units of [0, 1]; nil to look for the smallest change, whatever its size.
    public let epsilon: ExactFraction?
    public let steps: Int
    public let restarts: Int
    /// The largest share of the clean image's own projection in a step.
    public let alpha: ExactFraction
    /// How far steps go beyond the boundary, 1 being onto it.
    public let overshoot: ExactFraction
    /// The share of the change that is kept after a success.
    public let beta: ExactFraction
    public let refinements: Int
    public let keep: AttackKeep
    public let seed: UInt64

    static func keys(targets: AttackKey?) -> [AttackKey] {
        [
            AttackKey(
                "epsilon", "budget in pixel units of [0, 1], or none for the smallest change (none)"
            ),
            AttackKey("norm", "linf, l2 or l1 (linf)"),
        ] + (targets.map { [$0] } ?? []) + [
            AttackKey("steps", "for each class and start (100)"),
            AttackKey("restarts", "starting points, the first being the clean image (1)"),
            AttackKey("alpha", "largest share of the clean image's own projection (0.1)"),
            AttackKey("overshoot", "length of a step, 1 being onto the boundary (1.05)"),
            AttackKey("beta", "share of the change kept after a success (0.9)"),
            AttackKey("search", "final steps between the clean image and the example (3)"),
            AttackKey(
                "keep", "first example inside epsilon, or best (first with epsilon, else best)"),
            AttackKey("seed", "of starting points (0)"),
        ]
    }

    init(arguments: AttackArguments) throws(RobustnessError) {
        norm = try arguments.choice("norm", default: Norm.linf, among: [.linf, .l2, .l1])
        let isBounded = arguments.text("epsilon") ?? "none" != "none"
        epsilon = isBounded ? try arguments.fraction("epsilon") : nil
        steps = try arguments.integer("steps", default: 100, in: 1...1_000_000)
        restarts = try arguments.integer("restarts", default: 1, in: 1...10_000)
        alpha = try arguments.fraction("alpha", default: "0.1")
        overshoot = try arguments.fraction("overshoot", default: "1.05")
        beta = try arguments.fraction("beta", default: "0.9")
        refinements = try arguments.integer("search", default: 3, in: 0...100)
        keep = try arguments.choice(
            "keep", default: isBounded ? AttackKeep.first : .best, among: [.first, .best])
        seed = try arguments.seed()
        if let epsilon {
            guard epsilon.numerator > 0 else {
                throw arguments.wrong("epsilon", expected: "above zero")
            }
            guard norm != .linf || epsilon.value <= 1 else {
                throw arguments.wrong(
                    "epsilon", expected: "at most 1, the width of the pixel box, for linf")
            }
        }
        guard isBounded || keep == .best else {
            throw arguments.wrong("keep", expected: "best, as there is no epsilon")
        }
        guard alpha.value <= 1 else { throw arguments.wrong("alpha", expected: "at most 1") }
        guard overshoot.value >= 1 else {
            throw arguments.wrong("overshoot", expected: "at least 1")
        }
        guard beta.value < 1 else { throw arguments.wrong("beta", expected: "below 1") }
    }

    var threatModel: ThreatModel { ThreatModel(norm: norm, epsilon: epsilon) }

    func parameters(targets: AttackParameter?) -> [AttackParameter] {
        [
            AttackParameter("epsilon", epsilon?.text ?? "none"),
            AttackParameter("norm", norm.rawValue),
        ] + (targets.map { [$0] } ?? []) + [
            AttackParameter("steps", steps),
            AttackParameter("restarts", restarts),
            AttackParameter("alpha", alpha.text),
            AttackParameter("overshoot", overshoot.text),
            AttackParameter("beta", beta.text),
            AttackParameter("search", refinements),
            AttackParameter("keep", keep.rawValue),
            AttackParameter("seed", Int(seed)),
        ]
    }

    func plan(rivals: Int?) -> FastAdaptiveBoundaryPlan {
        FastAdaptiveBoundaryPlan(
            norm: norm, epsilon: epsilon, steps: steps, restarts: restarts, rivals: rivals,
            alpha: alpha.value, overshoot: overshoot.value, beta: beta.value,
            refinements: refinements, keep: keep, seed: seed)
    }
}
