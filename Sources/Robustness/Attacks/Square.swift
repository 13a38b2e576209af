// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Random search that asks for logits alone: square windows of the image jump between the faces of
/// the ball, and a change stays when the loss rises (Andriushchenko, Croce, Flammarion and Hein,
/// "Square attack: a query-efficient black-box adversarial attack via random search", 2020).
///
/// No gradient is used, so no gradient can be masked: where this attack beats those that use one,
/// their result is not to be trusted. The defaults are those of the AutoAttack ensemble, whose
/// windows shrink after fixed numbers of queries.
public struct Square: Attack {
    public static let name = "square"
    public static let summary = "random search with square windows, from logits alone"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("loss", "margin, log-odds, ce or dlr (margin)"),
        AttackKey("queries", "windows tried (5000)"),
        AttackKey("share", "of the pixels that the first windows cover (0.8)"),
        AttackKey(
            "schedule",
            "fixed: windows shrink after the paper's numbers of queries; rescaled (fixed)"
        ),
        AttackKey("restarts", "starting points tried until one succeeds (1)"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        AttackKey("seed", "of all draws (0)"),
    ]

    /// When windows shrink.
    enum Schedule: String, CaseIterable {
        case fixed
        case rescaled
    }

    public let ball: NormBall
    public let loss: AttackLoss
    public let queries: Int
    public let share: ExactFraction
    public let isRescaled: Bool
    public let restarts: Int
    public let target: AttackTarget
    public let seed: UInt64

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball()
        loss = try arguments.choice(
            "loss", default: AttackLoss.margin, among: AttackLoss.allCases)
        queries = try arguments.integer("queries", default: 5_000, in: 1...10_000_000)
        share = try arguments.fraction("share", default: "0.8")
        isRescaled =
            try arguments.choice("schedule", default: Schedule.fixed, among: Schedule.allCases)
            == .rescaled
        restarts = try arguments.integer("restarts", default: 1, in: 1...10_000)
        target = try AttackTarget(arguments: arguments)
        seed = try arguments.seed()
        guard share.numerator > 0, share.value <= 1 else {
            throw arguments.wrong("share", expected: "above 0 and at most 1")
        }
    }

    public var threatModel: ThreatModel { ball.threatModel }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("loss", loss.rawValue),
            AttackParameter("queries", queries),
            AttackParameter("share", share.text),
            AttackParameter(
                "schedule", (isRescaled ? Schedule.rescaled : Schedule.fixed).rawValue),
            AttackParameter("restarts", restarts),
            AttackParameter("targeted", target.text),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let schedule = SquareSchedule(
            share: share.value, queries: queries, isRescaled: isRescaled)
        let plan = SquarePlan(
            ball: ball, loss: loss, schedule: schedule, restarts: restarts, target: target,
            seed: seed, imageShape: images.imageShape)
        return try craft(
            plan.searchPlan, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { SquareSearch(plan, row: $0) }
    }
}
