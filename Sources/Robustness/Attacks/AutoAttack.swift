// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Tensors
public import Training

/// Four attacks that fail for different reasons, each on the rows that the ones before left
/// standing (AutoAttack; Croce and Hein, "Reliable evaluation of adversarial robustness with an
/// ensemble of diverse parameter-free attacks", 2020, section 6).
///
/// `standard` has the original's order and settings: APGD on cross-entropy and APGD-T on the
/// difference of logits ratio with 100 steps, FAB-T with 100 steps, Square with 5,000 queries; 9
/// targets. `plus` is the original's longer list with 5 restarts. The stages of a result say which
/// attack broke each row, and its details repeat the original's warnings about models that such an
/// ensemble may not be able to judge.
public struct AutoAttack: Attack {
    public static let name = "autoattack"
    public static let summary = "APGD-CE, APGD-T, FAB-T and Square, each on the survivors"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("version", "standard, or plus: more attacks and restarts (standard)"),
        AttackKey("steps", "of APGD and FAB (100)"),
        AttackKey("targets", "classes that APGD-T and FAB-T aim at (9)"),
        AttackKey("queries", "of Square (5000)"),
        AttackKey("seed", "of all stages (0)"),
    ]

    public static let presets = [
        AttackPreset(
            "standard", "version=standard,steps=100,targets=9,queries=5000",
            source: "Croce and Hein, 2020, section 6"),
        AttackPreset(
            "plus", "version=plus,steps=100,targets=9,queries=5000",
            source: "the authors' code, version plus"),
    ]

    /// Which attacks there are.
    enum Version: String, CaseIterable {
        case standard
        case plus
    }

    /// One attack of the ensemble.
    struct Stage: Sendable {
        let name: String
        let attack: any Attack
    }

    public let ball: NormBall
    public let steps: Int
    public let targets: Int
    public let queries: Int
    public let seed: UInt64
    let version: Version
    let stages: [Stage]

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball()
        version = try arguments.choice(
            "version", default: Version.standard, among: Version.allCases)
        steps = try arguments.integer("steps", default: 100, in: 1...1_000_000)
        targets = try arguments.integer("targets", default: 9, in: 1...1_000)
        queries = try arguments.integer("queries", default: 5_000, in: 1...10_000_000)
        seed = try arguments.seed()
        let common = "epsilon=\(ball.epsilon.text),norm=\(ball.norm.rawValue),seed=\(seed)"
        let restarts = version == .plus ? 5 : 1
        let texts = [
            "apgd-ce": "apgd:loss=ce,steps=\(steps),restarts=\(restarts)",
            "apgd-dlr": "apgd:loss=dlr,steps=\(steps),restarts=\(restarts)",
            "fab": "fab:steps=\(steps),restarts=\(restarts)",
            "apgd-t": "apgd-t:steps=\(steps),targets=\(targets)",
            "fab-t": "fab-t:steps=\(steps),targets=\(targets)",
            "square": "square:queries=\(queries)",
        ]
        var stages: [Stage] = []
        for name in Self.order(version) {
            guard let text = texts[name] else { preconditionFailure("no settings of \(name)") }
            let attack = try AttackSpecification.parse("\(text),\(common)")
            stages.append(Stage(name: name, attack: attack))
        }
        self.stages = stages
    }

    private static func order(_ version: Version) -> [String] {
        switch version {
        case .standard: ["apgd-ce", "apgd-t", "fab-t", "square"]
        case .plus: ["apgd-ce", "apgd-dlr", "fab", "square", "apgd-t", "fab-t"]
        }
    }

    public var threatModel: ThreatModel { ball.threatModel }
    public var stageNames: [String] { stages.map(\.name) }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("version", version.rawValue),
            AttackParameter("steps", steps),
            AttackParameter("targets", targets),
            AttackParameter("queries", queries),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        var flags = AutoAttackFlags()
        var merge = AutoAttackMerge()
        for (index, stage) in stages.enumerated() {
            let positions = index == 0 ? Array(0..<images.count) : merge.survivors
            if index > 0 && positions.isEmpty { break }
            let rows = try index == 0 ? images : images.rows(at: positions)
            let before = merge.gradients.reduce(0, +)
            let result = try stage.attack.craft(
                against: classifier, images: rows, rowIDs: positions.map { rowIDs[$0] }
            ) { state in
                // Stages are alike in the progress shown, however many rows each has left.
                let share = state.rows == 0 ? 1 : Double(state.finishedRows) / Double(state.rows)
                let done = (Double(index) + share) / Double(stages.count)
                return progress(
                    AttackProgress(
                        finishedRows: Int(done * Double(images.count)), rows: images.count,
                        gradientEvaluations: before + state.gradientEvaluations))
            }
            // Only now is it known that model and images fit.
            if index == 0 { try flags.look(at: classifier, images: images) }
            merge.take(result, at: positions, stage: index, named: stage.name)
        }
        flags.read(
            merge.stages, rows: images.count, classCount: classifier.classCount,
            targets: targets)
        return merge.result(of: self, flags: flags)
    }
}

extension LabelledImages {
    /// The rows at `positions`, copied.
    fileprivate func rows(at positions: [Int]) throws(RobustnessError) -> LabelledImages {
        let rowBytes = images.byteCount / count
        let kept = images.withUnsafeBytes { bytes in
            positions.flatMap { bytes[($0 * rowBytes)..<(($0 + 1) * rowBytes)] }
        }
        let shape = Shape(trusted: [positions.count] + imageShape.dimensions)
        do {
            let tensor = try kept.withUnsafeBytes {
                try Tensor(images.elementType, shape: shape, copying: $0)
            }
            return try LabelledImages(
                images: tensor, labels: positions.map { labels[$0] }, classCount: classCount,
                classNames: classNames)
        } catch {
            throw RobustnessError(.data, "\(error)")
        }
    }
}
