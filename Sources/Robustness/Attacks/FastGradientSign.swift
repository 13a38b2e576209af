// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// One step of the whole budget along the gradient: its sign for linf (Goodfellow, Shlens and
/// Szegedy, "Explaining and harnessing adversarial examples", 2015, section 4), its direction for
/// l2.
///
/// Every row is moved, misclassified ones as well, as in the paper.
public struct FastGradientSign: Attack {
    public static let name = "fgsm"
    public static let summary = "one step of the whole budget along the sign of the gradient"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("loss", "log-odds, ce to show masked gradients, dlr or margin (log-odds)"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        PixelLattice.key,
        AttackKey("seed", "of the random targets (0)"),
    ]
    public static let presets = [
        AttackPreset(
            "goodfellow-mnist", "epsilon=0.25,norm=linf,loss=ce",
            source: "Goodfellow et al. 2015, section 4"),
        AttackPreset(
            "madry-mnist", "epsilon=0.3,norm=linf,loss=ce", source: "Madry et al. 2018, table 1"),
        AttackPreset(
            "madry-cifar10", "epsilon=8/255,norm=linf,loss=ce",
            source: "Madry et al. 2018, table 2"),
    ]

    public let ball: NormBall
    public let loss: AttackLoss
    public let target: AttackTarget
    public let seed: UInt64
    let lattice: PixelLattice?

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball()
        loss = try arguments.choice(
            "loss", default: AttackLoss.logOdds, among: AttackLoss.allCases)
        target = try AttackTarget(arguments: arguments)
        lattice = try PixelLattice.inside(ball, arguments: arguments)
        seed = try arguments.seed()
    }

    public var threatModel: ThreatModel { ball.threatModel }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("loss", loss.rawValue),
            AttackParameter("targeted", target.text),
            PixelLattice.parameter(lattice),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        var plan = AscentPlan(
            ball: ball, step: ball.epsilon, steps: 1, restarts: 1,
            startsRandomly: false, loss: loss, target: target, keep: .last, seed: seed)
        plan.lattice = lattice
        return try craft(
            plan, against: classifier, images: images, rowIDs: rowIDs, progress: progress)
    }
}
