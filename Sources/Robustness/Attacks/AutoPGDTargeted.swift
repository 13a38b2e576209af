// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// APGD towards each of the most likely other classes in turn, until the row is misclassified as
/// anything (APGD-T; Croce and Hein, 2020, section 5).
///
/// The defaults are the original's: the targeted difference of logits ratio, 9 classes, 100 steps,
/// one start each. Models with fewer classes are aimed at through all there are.
public struct AutoPGDTargeted: Attack {
    public static let name = "apgd-t"
    public static let summary = "APGD towards the most likely other classes in turn"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("loss", "dlr, log-odds, ce or margin, of the class aimed at (dlr)"),
        AttackKey("targets", "how many classes are aimed at, most likely first (9)"),
        AttackKey("steps", "gradient steps for each class and start (100)"),
        AttackKey("restarts", "starting points for each class (1)"),
        AttackKey("keep", "first success, or best of all steps (first)"),
        AttackKey("seed", "of starting points (0)"),
    ]

    public let ball: NormBall
    public let loss: AttackLoss
    public let targets: Int
    public let steps: Int
    public let restarts: Int
    public let keep: AttackKeep
    public let seed: UInt64

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball()
        loss = try arguments.choice("loss", default: AttackLoss.dlr, among: AttackLoss.allCases)
        targets = try arguments.integer("targets", default: 9, in: 1...1_000)
        steps = try arguments.integer("steps", default: 100, in: 1...1_000_000)
        restarts = try arguments.integer("restarts", default: 1, in: 1...10_000)
        keep = try arguments.choice("keep", default: AttackKeep.first, among: [.first, .best])
        seed = try arguments.seed()
    }

    public var threatModel: ThreatModel { ball.threatModel }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("loss", loss.rawValue),
            AttackParameter("targets", targets),
            AttackParameter("steps", steps),
            AttackParameter("restarts", restarts),
            AttackParameter("keep", keep.rawValue),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let plan = AutoPGDPlan(
            ball: ball, loss: loss, steps: steps, restarts: restarts, target: .none,
            rivals: targets, keep: keep, seed: seed)
        return try craft(
            plan.searchPlan, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { AutoPGDSearch(plan, row: $0) }
    }
}
