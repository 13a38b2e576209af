// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// The smallest change that is misclassified: steps onto the nearest linearised boundary, drawn
/// back towards the clean image (FAB; Croce and Hein, "Minimally distorted adversarial examples
/// with a fast adaptive boundary attack", 2020).
///
/// Every step costs the gradients of all classes. Without an epsilon the smallest example found is
/// kept, whatever its size; with one, only examples inside the ball count.
public struct FastAdaptiveBoundary: Attack {
    public static let name = "fab"
    public static let summary = "the smallest change across the nearest linearised boundary"
    public static let keys = FastAdaptiveBoundarySettings.keys(targets: nil)

    public let settings: FastAdaptiveBoundarySettings

    public init(arguments: AttackArguments) throws(RobustnessError) {
        settings = try FastAdaptiveBoundarySettings(arguments: arguments)
    }

    public var threatModel: ThreatModel { settings.threatModel }
    public var seed: UInt64 { settings.seed }
    public var parameters: [AttackParameter] { settings.parameters(targets: nil) }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let plan = settings.plan(rivals: nil)
        return try craft(
            plan.searchPlan, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { FastAdaptiveBoundarySearch(plan, row: $0) }
    }
}

/// FAB that approaches the boundary to each of the most likely other classes in turn, at the cost
/// of one gradient a step (FAB-T; Croce and Hein, "Reliable evaluation of adversarial robustness",
/// 2020, section 5).
public struct FastAdaptiveBoundaryTargeted: Attack {
    public static let name = "fab-t"
    public static let summary = "FAB towards the most likely other classes in turn"
    public static let keys = FastAdaptiveBoundarySettings.keys(
        targets: AttackKey("targets", "how many classes are approached, most likely first (9)"))

    public let settings: FastAdaptiveBoundarySettings
    public let targets: Int

    public init(arguments: AttackArguments) throws(RobustnessError) {
        settings = try FastAdaptiveBoundarySettings(arguments: arguments)
        targets = try arguments.integer("targets", default: 9, in: 1...1_000)
    }

    public var threatModel: ThreatModel { settings.threatModel }
    public var seed: UInt64 { settings.seed }

    public var parameters: [AttackParameter] {
        settings.parameters(targets: AttackParameter("targets", targets))
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let plan = settings.plan(rivals: targets)
        return try craft(
            plan.searchPlan, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { FastAdaptiveBoundarySearch(plan, row: $0) }
    }
}
