// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// The attack of Carlini and Wagner ("Towards evaluating the robustness of neural networks", 2017):
/// the smallest change for which a margin of logits reaches kappa, found by Adam in a space where
/// every point is an image (section V), once for each of several weights of that margin.
///
/// `l2` bisects the weight (section VI.A), `l0` takes away the values that matter least one after
/// another (VI.B), `linf` presses all changes below a falling bound (VI.C). The defaults are those
/// of the authors' code for each norm. Examples come with distances, not within a budget; they lead
/// by kappa and by enough to be the same whatever batch the model is given.
public struct CarliniWagner: Attack {
    public static let name = "cw"
    public static let summary = "the smallest change that wins by a margin of logits, by Adam"
    public static let keys = [
        AttackKey("norm", "l2, l0 or linf (l2)"),
        AttackKey("steps", "of Adam for each weight (10000 for l2, else 1000)"),
        AttackKey("learning-rate", "of Adam (0.01, for linf 0.005)"),
        AttackKey("search", "weights tried: bisected for l2 (9), else doubled (l0 31, linf 21)"),
        AttackKey("c", "first weight of the margin (0.001, for linf 0.00001)"),
        AttackKey("kappa", "by how much the logit that wins has to lead (0)"),
        AttackKey("abort-early", "true to leave a weight when a tenth of its steps gain nothing"),
        AttackKey("targeted", "none, next, least-likely, random, all or a class (none)"),
        PixelLattice.key,
        AttackKey("seed", "of the random targets (0)"),
    ]

    public static let presets = [
        AttackPreset(
            "paper", "norm=l2,steps=10000,search=20",
            source: "Carlini and Wagner, 2017, section VI.A: 20 steps of bisection")
    ]

    private enum Switch: String, CaseIterable {
        case on = "true"
        case off = "false"
    }

    public let norm: Norm
    public let steps: Int
    public let learningRate: ExactFraction
    public let search: Int
    public let constant: ExactFraction
    public let kappa: ExactFraction
    public let abortsEarly: Bool
    public let target: AttackTarget
    public let seed: UInt64
    let lattice: PixelLattice?

    public init(arguments: AttackArguments) throws(RobustnessError) {
        norm = try arguments.choice("norm", default: Norm.l2, among: [.l2, .l0, .linf])
        steps = try arguments.integer(
            "steps", default: norm == .l2 ? 10_000 : 1000, in: 1...1_000_000)
        learningRate = try arguments.fraction(
            "learning-rate", default: norm == .linf ? "0.005" : "0.01")
        search = try arguments.integer(
            "search", default: norm == .l2 ? 9 : norm == .l0 ? 31 : 21, in: 1...100)
        constant = try arguments.fraction("c", default: norm == .linf ? "0.00001" : "0.001")
        kappa = try arguments.fraction("kappa", default: "0")
        abortsEarly =
            try arguments.choice("abort-early", default: Switch.on, among: Switch.allCases) == .on
        target = try AttackTarget(arguments: arguments)
        lattice = try PixelLattice(arguments: arguments)
        seed = try arguments.seed()
        guard learningRate.numerator > 0 else {
            throw arguments.wrong("learning-rate", expected: "above zero")
        }
        guard constant.numerator > 0 else { throw arguments.wrong("c", expected: "above zero") }
    }

    public var threatModel: ThreatModel { ThreatModel(norm: norm, epsilon: nil) }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("norm", norm.rawValue),
            AttackParameter("steps", steps),
            AttackParameter("learning-rate", learningRate.text),
            AttackParameter("search", search),
            AttackParameter("c", constant.text),
            AttackParameter("kappa", kappa.text),
            AttackParameter("abort-early", (abortsEarly ? Switch.on : Switch.off).rawValue),
            AttackParameter("targeted", target.text),
            PixelLattice.parameter(lattice),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let plan = SearchPlan(threatModel: threatModel, target: target, seed: seed)
        func run<Search: RowSearch>(
            _ makeSearch: @escaping (AttackRow) -> Search
        ) throws(RobustnessError) -> AdversarialResult {
            try craft(
                plan, onto: lattice, against: classifier, images: images, rowIDs: rowIDs,
                progress: progress, makeSearch: makeSearch)
        }
        switch norm {
        case .l0: return try run { CarliniWagnerL0Search(self, row: $0) }
        case .linf: return try run { CarliniWagnerLinfSearch(self, row: $0) }
        case .l2, .l1: return try run { CarliniWagnerL2Search(self, row: $0) }
        }
    }
}
