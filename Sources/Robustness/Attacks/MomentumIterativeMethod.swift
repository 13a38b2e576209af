// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Steps along the momentum of the gradients, each first divided by its l1 length (MI-FGSM: Dong,
/// Liao, Pang, Su, Zhu, Hu and Li, "Boosting adversarial attacks with momentum", 2018, algorithm 1
/// and equation 7), which carries over to other models better than plain steps.
///
/// A gradient of exactly zero adds nothing to the momentum, and the row says that it saw one.
public struct MomentumIterativeMethod: Attack {
    public static let name = "mi-fgsm"
    public static let summary = "small steps along the momentum of the gradients"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("steps", "gradient steps (10)"),
        AttackKey("step", "size of a step (epsilon / steps)"),
        AttackKey("decay", "what is kept of the momentum at every step (1)"),
        AttackKey("loss", "log-odds, ce to show masked gradients, dlr or margin (log-odds)"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        AttackKey("keep", "first success, best of all steps, or last step (first)"),
        PixelLattice.key,
        AttackKey("seed", "of the random targets (0)"),
    ]
    public static let presets = [
        AttackPreset(
            "dong",
            "epsilon=16/255,norm=linf,steps=10,step=1.6/255,decay=1,loss=ce,keep=last",
            source: "Dong et al. 2018, section 4.1")
    ]

    let plan: AscentPlan

    public init(arguments: AttackArguments) throws(RobustnessError) {
        var plan = try AscentPlan(fromCleanImage: arguments, stepFactor: (1, 1))
        if let decay = try arguments.fraction("decay") {
            guard decay.value <= 1000 else {
                throw arguments.wrong("decay", expected: "at most 1000")
            }
            plan.decay = decay
        } else {
            plan.decay = try ExactFraction(parsing: "1")
        }
        self.plan = plan
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
