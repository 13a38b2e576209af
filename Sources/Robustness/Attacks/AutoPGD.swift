// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Projected gradient ascent with momentum that chooses its own step sizes (APGD; Croce and Hein,
/// "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
/// attacks", 2020, section 3).
///
/// The original's settings are 100 steps and one start. Its two untargeted losses are `loss=ce`
/// and `loss=dlr`; the default here is the log-odds, which climbs as cross-entropy does but never
/// runs out of gradient.
public struct AutoPGD: Attack {
    public static let name = "apgd"
    public static let summary = "gradient ascent with momentum that chooses its own step sizes"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("loss", "log-odds, ce, dlr or margin (log-odds)"),
        AttackKey("steps", "gradient steps (100)"),
        AttackKey("restarts", "starting points tried until one succeeds (1)"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        AttackKey("keep", "first success, or best of all steps (first)"),
        AttackKey("seed", "of starting points and random targets (0)"),
    ]

    public let ball: NormBall
    public let loss: AttackLoss
    public let steps: Int
    public let restarts: Int
    public let target: AttackTarget
    public let keep: AttackKeep
    public let seed: UInt64

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball()
        loss = try arguments.choice(
            "loss", default: AttackLoss.logOdds, among: AttackLoss.allCases)
        steps = try arguments.integer("steps", default: 100, in: 1...1_000_000)
        restarts = try arguments.integer("restarts", default: 1, in: 1...10_000)
        target = try AttackTarget(arguments: arguments)
        keep = try arguments.choice("keep", default: AttackKeep.first, among: [.first, .best])
        seed = try arguments.seed()
    }

    public var threatModel: ThreatModel { ball.threatModel }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("loss", loss.rawValue),
            AttackParameter("steps", steps),
            AttackParameter("restarts", restarts),
            AttackParameter("targeted", target.text),
            AttackParameter("keep", keep.rawValue),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let plan = AutoPGDPlan(
            ball: ball, loss: loss, steps: steps, restarts: restarts, target: target, keep: keep,
            seed: seed)
        return try craft(
            plan.searchPlan, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { AutoPGDSearch(plan, row: $0) }
    }
}
