// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// FGSM in small steps from the clean image, each clipped to the ball and the box (Kurakin,
/// Goodfellow and Bengio, "Adversarial examples in the physical world", 2017, section 2.2).
///
/// The paper steps by 1 of 255 and takes min(e + 4, 1.25 e) steps at e of 255: the presets. What
/// sets it apart from ``ProjectedGradientDescent`` is the start.
public struct BasicIterativeMethod: Attack {
    public static let name = "bim"
    public static let summary = "FGSM in small steps from the clean image"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("steps", "gradient steps (10)"),
        AttackKey("step", "size of a step (2.5 epsilon / steps)"),
        AttackKey("loss", "log-odds, ce to show masked gradients, dlr or margin (log-odds)"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        AttackKey("keep", "first success, best of all steps, or last step (first)"),
        PixelLattice.key,
        AttackKey("seed", "of the random targets (0)"),
    ]
    public static let presets = [
        AttackPreset(
            "kurakin-8", "epsilon=8/255,norm=linf,steps=10,step=1/255,loss=ce,keep=last",
            source: "Kurakin et al. 2017, section 2.2 at 8 of 255"),
        AttackPreset(
            "kurakin-16", "epsilon=16/255,norm=linf,steps=20,step=1/255,loss=ce,keep=last",
            source: "Kurakin et al. 2017, section 2.2 at 16 of 255"),
    ]

    let plan: AscentPlan

    public init(arguments: AttackArguments) throws(RobustnessError) {
        plan = try AscentPlan(fromCleanImage: arguments, stepFactor: (5, 2))
    }

    public var threatModel: ThreatModel { plan.ball.threatModel }
    public var seed: UInt64 { plan.seed }
    public var parameters: [AttackParameter] { plan.parametersFromCleanImage }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        try craft(plan, against: classifier, images: images, rowIDs: rowIDs, progress: progress)
    }
}

extension AscentPlan {
    /// What iterative attacks without a random start are told.
    ///
    /// - Parameter stepFactor: the default step times steps over epsilon.
    init(
        fromCleanImage arguments: AttackArguments, stepFactor: (above: Int, below: Int)
    ) throws(RobustnessError) {
        let ball = try arguments.ball()
        let steps = try arguments.integer("steps", default: 10, in: 1...1_000_000)
        var step = try ball.epsilon.scaled(by: stepFactor.above, over: stepFactor.below * steps)
        if let given = try arguments.fraction("step") { step = given }
        guard step.numerator > 0 else { throw arguments.wrong("step", expected: "above zero") }
        self.init(
            ball: ball, step: step, steps: steps, restarts: 1, startsRandomly: false,
            loss: try arguments.choice(
                "loss", default: AttackLoss.logOdds, among: AttackLoss.allCases),
            target: try AttackTarget(arguments: arguments),
            keep: try arguments.choice(
                "keep", default: AttackKeep.first, among: AttackKeep.allCases),
            seed: try arguments.seed(),
            lattice: try PixelLattice.inside(ball, arguments: arguments))
    }

    var parametersFromCleanImage: [AttackParameter] {
        let momentum = decay.map { [AttackParameter("decay", $0.text)] } ?? []
        return [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("steps", steps),
            AttackParameter("step", step.text),
        ] + momentum + [
            AttackParameter("loss", loss.rawValue),
            AttackParameter("targeted", target.text),
            AttackParameter("keep", keep.rawValue),
            PixelLattice.parameter(lattice),
            AttackParameter("seed", Int(seed)),
        ]
    }
}
