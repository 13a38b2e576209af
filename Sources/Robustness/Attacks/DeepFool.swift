// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Steps to the nearest boundary of a model taken for linear, until the label has changed
/// (Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool: a simple and accurate method to fool deep
/// neural networks", 2016, algorithm 2; for linf section 3.3 with p = infinity).
///
/// Untargeted. Its examples come with distances, not within a budget.
public struct DeepFool: Attack {
    public static let name = "deepfool"
    public static let summary = "steps to the nearest boundary of the linearised model"
    public static let keys = [
        AttackKey("norm", "l2 or linf (l2)"),
        AttackKey("steps", "most linearisations (50)"),
        AttackKey("overshoot", "share by which the whole change goes past the boundary (0.02)"),
        AttackKey("candidates", "classes looked at, those with the largest clean logits (10)"),
        PixelLattice.key,
    ]

    public let norm: Norm
    public let steps: Int
    public let overshoot: ExactFraction
    public let candidates: Int
    let lattice: PixelLattice?

    public init(arguments: AttackArguments) throws(RobustnessError) {
        norm = try arguments.choice("norm", default: Norm.l2, among: [.l2, .linf])
        steps = try arguments.integer("steps", default: 50, in: 1...1_000_000)
        overshoot = try arguments.fraction("overshoot", default: "0.02")
        candidates = try arguments.integer("candidates", default: 10, in: 2...1_000_000)
        lattice = try PixelLattice(arguments: arguments)
    }

    public var threatModel: ThreatModel { ThreatModel(norm: norm, epsilon: nil) }
    public var seed: UInt64 { 0 }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("norm", norm.rawValue),
            AttackParameter("steps", steps),
            AttackParameter("overshoot", overshoot.text),
            AttackParameter("candidates", candidates),
            PixelLattice.parameter(lattice),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let plan = SearchPlan(threatModel: threatModel, seed: seed, looksFirst: false)
        return try craft(
            plan, onto: lattice, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { DeepFoolSearch(self, row: $0) }
    }
}
