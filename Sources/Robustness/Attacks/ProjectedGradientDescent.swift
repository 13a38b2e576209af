// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Many small steps along the gradient, each projected back into the ball and the pixel box
/// (Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning models resistant to
/// adversarial attacks", 2018, section 2.1; the basic iterative method with `start=none`).
///
/// The defaults are the 40 steps of that paper's MNIST evaluation and a step of 2.5 epsilon /
/// steps, from which the whole ball is in reach. The paper's own setting is
/// `pgd:epsilon=0.3,step=0.01`.
public struct ProjectedGradientDescent: Attack {
    public static let name = "pgd"
    public static let summary = "many small steps, projected back into the ball and the box"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("steps", "gradient steps (40)"),
        AttackKey("step", "size of a step (2.5 epsilon / steps)"),
        AttackKey("restarts", "starting points tried until one succeeds (1)"),
        AttackKey("start", "random, uniform in the ball, or none (random)"),
        AttackKey("loss", "log-odds, or ce to show masked gradients (log-odds)"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        AttackKey("keep", "first success, best of all steps, or last step (first)"),
        AttackKey("seed", "of starting points and random targets (0)"),
    ]

    /// Where the first step is taken from.
    enum Start: String, CaseIterable {
        case random
        case none
    }

    public let ball: NormBall
    public let steps: Int
    public let step: ExactFraction
    public let restarts: Int
    public let startsRandomly: Bool
    public let loss: AttackLoss
    public let target: AttackTarget
    public let keep: AttackKeep
    public let seed: UInt64

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball()
        steps = try arguments.integer("steps", default: 40, in: 1...1_000_000)
        if let given = try arguments.fraction("step") {
            step = given
        } else {
            step = try ball.epsilon.scaled(by: 5, over: 2 * steps)
        }
        restarts = try arguments.integer("restarts", default: 1, in: 1...65_535)
        startsRandomly =
            try arguments.choice("start", default: Start.random, among: Start.allCases) == .random
        loss = try arguments.choice(
            "loss", default: AttackLoss.logOdds, among: AttackLoss.allCases)
        target = try AttackTarget(arguments: arguments)
        keep = try arguments.choice("keep", default: AttackKeep.first, among: AttackKeep.allCases)
        seed = try arguments.seed()
        guard step.numerator > 0 else { throw arguments.wrong("step", expected: "above zero") }
        guard restarts == 1 || startsRandomly else {
            throw arguments.wrong("restarts", expected: "1, as start=none has only one start")
        }
        guard restarts == 1 || keep != .last else {
            throw arguments.wrong("restarts", expected: "1, as keep=last keeps only one end")
        }
    }

    public var threatModel: ThreatModel { ball.threatModel }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("steps", steps),
            AttackParameter("step", step.text),
            AttackParameter("restarts", restarts),
            AttackParameter("start", (startsRandomly ? Start.random : Start.none).rawValue),
            AttackParameter("loss", loss.rawValue),
            AttackParameter("targeted", target.text),
            AttackParameter("keep", keep.rawValue),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let plan = AscentPlan(
            ball: ball, step: step, steps: steps, restarts: restarts,
            startsRandomly: startsRandomly, loss: loss, target: target, keep: keep, seed: seed)
        return try craft(
            plan.searchPlan, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { GradientSearch(plan, row: $0) }
    }
}
