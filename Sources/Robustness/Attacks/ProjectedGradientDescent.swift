// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Many small steps along the gradient, each projected back into the ball and the pixel box
/// (Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning models resistant to
/// adversarial attacks", 2018, section 2.1; the basic iterative method with `start=none`).
///
/// The defaults are the 40 steps of that paper's MNIST evaluation and a step of 2.5 epsilon /
/// steps, from which the whole ball is in reach. The paper's own settings are presets.
///
/// A step is `step` long in the ball's norm: by the sign of the gradient for linf, along it for l2,
/// shared by the steepest `sparsity` of the values for l1.
public struct ProjectedGradientDescent: Attack {
    public static let name = "pgd"
    public static let summary = "many small steps, projected back into the ball and the box"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf, l2 or l1 (linf)"),
        AttackKey("steps", "gradient steps (40)"),
        AttackKey("step", "size of a step (2.5 epsilon / steps)"),
        AttackKey("sparsity", "for l1: the share of the values a step moves (0.05)"),
        AttackKey("restarts", "starting points tried until one succeeds (1)"),
        AttackKey("start", "random, uniform in the ball, or none (random)"),
        AttackKey("loss", "log-odds, ce to show masked gradients, dlr or margin (log-odds)"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        AttackKey("keep", "first success, best of all steps, or last step (first)"),
        PixelLattice.key,
        AttackKey("seed", "of starting points and random targets (0)"),
    ]
    public static let presets = [
        AttackPreset(
            "madry-mnist",
            "epsilon=0.3,norm=linf,steps=40,step=0.01,restarts=1,start=random,loss=ce,keep=last",
            source: "Madry et al. 2018, section 5"),
        AttackPreset(
            "madry-mnist-restarts",
            "epsilon=0.3,norm=linf,steps=100,step=0.01,restarts=50,start=random,loss=ce,keep=first",
            source: "the MNIST challenge of Madry et al."),
        AttackPreset(
            "madry-cifar10-train",
            "epsilon=8/255,norm=linf,steps=10,step=2/255,restarts=1,start=random,loss=ce,keep=last",
            source: "the CIFAR-10 challenge of Madry et al."),
        AttackPreset(
            "madry-cifar10-eval",
            "epsilon=8/255,norm=linf,steps=20,step=2/255,restarts=1,start=random,loss=ce,keep=last",
            source: "Madry et al. 2018, section 5"),
        AttackPreset(
            "madry-cifar10-restarts",
            "epsilon=8/255,norm=linf,steps=20,step=2/255,restarts=10,start=random,loss=ce,keep=first",
            source: "the CIFAR-10 challenge of Madry et al."),
    ]

    /// Where the first step is taken from.
    enum Start: String, CaseIterable {
        case random
        case none
    }

    public let ball: NormBall
    public let steps: Int
    public let step: ExactFraction
    /// For l1, else nil.
    public let sparsity: ExactFraction?
    public let restarts: Int
    public let startsRandomly: Bool
    public let loss: AttackLoss
    public let target: AttackTarget
    public let keep: AttackKeep
    public let seed: UInt64
    let lattice: PixelLattice?

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball(norms: [.linf, .l2, .l1])
        steps = try arguments.integer("steps", default: 40, in: 1...1_000_000)
        if let given = try arguments.fraction("step") {
            step = given
        } else {
            step = try ball.epsilon.scaled(by: 5, over: 2 * steps)
        }
        sparsity = try Self.sparsity(arguments, norm: ball.norm)
        restarts = try arguments.integer("restarts", default: 1, in: 1...65_535)
        startsRandomly =
            try arguments.choice("start", default: Start.random, among: Start.allCases) == .random
        loss = try arguments.choice(
            "loss", default: AttackLoss.logOdds, among: AttackLoss.allCases)
        target = try AttackTarget(arguments: arguments)
        keep = try arguments.choice("keep", default: AttackKeep.first, among: AttackKeep.allCases)
        lattice = try PixelLattice.inside(ball, arguments: arguments)
        seed = try arguments.seed()
        guard step.numerator > 0 else { throw arguments.wrong("step", expected: "above zero") }
        guard restarts == 1 || startsRandomly else {
            throw arguments.wrong("restarts", expected: "1, as start=none has only one start")
        }
        guard restarts == 1 || keep != .last else {
            throw arguments.wrong("restarts", expected: "1, as keep=last keeps only one end")
        }
    }

    private static func sparsity(
        _ arguments: AttackArguments, norm: Norm
    ) throws(RobustnessError) -> ExactFraction? {
        let given = try arguments.fraction("sparsity")
        guard norm == .l1 else {
            guard given == nil else { throw arguments.wrong("sparsity", expected: "for norm=l1") }
            return nil
        }
        guard let given else { return try ExactFraction(parsing: "0.05") }
        guard given.numerator > 0, given.value <= 1 else {
            throw arguments.wrong("sparsity", expected: "a share above 0 and at most 1")
        }
        return given
    }

    public var threatModel: ThreatModel { ball.threatModel }

    public var parameters: [AttackParameter] {
        let sparse = sparsity.map { [AttackParameter("sparsity", $0.text)] } ?? []
        return [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("steps", steps),
            AttackParameter("step", step.text),
        ] + sparse + [
            AttackParameter("restarts", restarts),
            AttackParameter("start", (startsRandomly ? Start.random : Start.none).rawValue),
            AttackParameter("loss", loss.rawValue),
            AttackParameter("targeted", target.text),
            AttackParameter("keep", keep.rawValue),
            PixelLattice.parameter(lattice),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        var plan = AscentPlan(
            ball: ball, step: step, steps: steps, restarts: restarts,
            startsRandomly: startsRandomly, loss: loss, target: target, keep: keep, seed: seed)
        (plan.sparsity, plan.lattice) = (sparsity, lattice)
        return try craft(
            plan, against: classifier, images: images, rowIDs: rowIDs, progress: progress)
    }
}
