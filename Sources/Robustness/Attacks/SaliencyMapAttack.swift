// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// The Jacobian-based saliency map attack: a few features changed as far as they go (Papernot,
/// McDaniel, Jha, Fredrikson, Celik and Swami, "The limitations of deep learning in adversarial
/// settings", 2016, section IV), in two steps that are chosen apart: whose sensitivity, and which
/// features.
///
/// The defaults are those of the defensive distillation paper (Papernot, McDaniel, Wu, Jha and
/// Swami, 2016, section V): probabilities, pixel pairs raised to 1, every other class as target, at
/// most 112 features, which is 14.29 % of MNIST's 784. `variant=ft,temperature=T` and `variant=z`
/// are the two corrections of Carlini and Wagner ("Defensive distillation is not robust to
/// adversarial examples", 2016). Channels count as features.
public struct SaliencyMapAttack: Attack {
    public static let name = "jsma"
    public static let summary = "the features a saliency map names, changed as far as they go"
    public static let keys = [
        AttackKey("variant", "f: softmax, ft: softmax at a temperature, z: logits (f)"),
        AttackKey("temperature", "of variant=ft, the one the model was distilled at (1)"),
        AttackKey("selection", "pairs of features, or single ones (pairs)"),
        AttackKey("theta", "change of a feature, from -1 to 1 (1)"),
        AttackKey("features", "most features changed: a number, or a share such as 14.29% (112)"),
        AttackKey("targeted", "all, next, least-likely, random or a class (all)"),
        PixelLattice.key,
        AttackKey("seed", "of the random targets (0)"),
    ]

    public static let presets = [
        AttackPreset(
            "limitations", "features=14.5%",
            source: "Papernot et al., \"The limitations of deep learning...\", 2016, section V")
    ]

    /// Whose derivatives the map is made of.
    public enum Variant: String, CaseIterable, Hashable, Sendable {
        /// The probabilities, as published.
        case probabilities = "f"
        /// The probabilities at the temperature the model was trained at.
        case temperedProbabilities = "ft"
        case logits = "z"
    }

    /// How many features are chosen at a time.
    public enum Selection: String, CaseIterable, Hashable, Sendable {
        case pairs
        case single
    }

    public let variant: Variant
    public let temperature: ExactFraction
    public let selection: Selection
    public let theta: SignedStep
    public let features: FeatureCap
    public let target: AttackTarget
    public let seed: UInt64
    let lattice: PixelLattice?

    public init(arguments: AttackArguments) throws(RobustnessError) {
        variant = try arguments.choice(
            "variant", default: Variant.probabilities, among: Variant.allCases)
        temperature = try arguments.fraction("temperature", default: "1")
        selection = try arguments.choice(
            "selection", default: Selection.pairs, among: Selection.allCases)
        theta = try SignedStep(arguments: arguments, key: "theta", default: "1")
        features = try FeatureCap(arguments: arguments, key: "features", default: "112")
        target = arguments.text("targeted") == nil ? .all : try AttackTarget(arguments: arguments)
        lattice = try PixelLattice(arguments: arguments)
        seed = try arguments.seed()
        guard temperature.numerator > 0 else {
            throw arguments.wrong("temperature", expected: "above zero")
        }
        guard variant == .temperedProbabilities || temperature.value == 1 else {
            throw arguments.wrong("temperature", expected: "1, as only variant=ft has another")
        }
        guard variant != .temperedProbabilities || arguments.text("temperature") != nil else {
            throw RobustnessError(
                .specification,
                "variant=ft of the attack 'jsma' needs the temperature the model was distilled at")
        }
        guard target != .none else {
            throw arguments.wrong(
                "targeted", expected: "all, next, least-likely, random or the number of a class")
        }
    }

    /// A share of the features becomes a number only beside an image; until then there is no
    /// budget.
    public var threatModel: ThreatModel {
        ThreatModel(norm: .l0, epsilon: features.fixed.flatMap { Self.budget($0) })
    }

    private static func budget(_ features: Int) -> ExactFraction? {
        try? ExactFraction(parsing: String(features))
    }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("variant", variant.rawValue),
            AttackParameter("temperature", temperature.text),
            AttackParameter("selection", selection.rawValue),
            AttackParameter("theta", theta.text),
            AttackParameter("features", features.text),
            AttackParameter("targeted", target.text),
            PixelLattice.parameter(lattice),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let cap = features.count(of: classifier.imageShape.elementCount)
        let plan = SearchPlan(
            threatModel: ThreatModel(norm: .l0, epsilon: Self.budget(cap)), target: target,
            seed: seed, looksFirst: target == .leastLikely)
        let probabilities = ProbabilitySensitivity(temperature: Float(temperature.value))
        func run<Sensitivity: DirectionSensitivity, Selection: PerturbationSelection>(
            _ sensitivity: Sensitivity, _: Selection.Type
        ) throws(RobustnessError) -> AdversarialResult {
            try craft(
                plan, onto: lattice, against: classifier, images: images, rowIDs: rowIDs,
                progress: progress
            ) {
                SaliencySearch<Sensitivity, Selection>(
                    $0, sensitivity: sensitivity, theta: theta.value, features: cap)
            }
        }
        switch (variant == .logits, selection) {
        case (true, .pairs): return try run(LogitSensitivity(), FeaturePair.self)
        case (true, .single): return try run(LogitSensitivity(), SingleFeature.self)
        case (false, .pairs): return try run(probabilities, FeaturePair.self)
        case (false, .single): return try run(probabilities, SingleFeature.self)
        }
    }
}
