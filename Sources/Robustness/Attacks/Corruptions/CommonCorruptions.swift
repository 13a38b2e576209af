// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Corrupted images instead of adversarial ones: every image once for each kind and severity, as the
/// sets MNIST-C and CIFAR-10-C have them (``CorruptionKind``).
///
/// The stages of the result name kind and severity, such as `gaussian_noise-3`; misclassified rows
/// are corrupted as well, because the figure of merit is the accuracy over all rows
/// (``CorruptionGrid``). There is no budget: distances are what came out.
public struct CommonCorruptions: Attack {
    public static let name = "corruption"
    public static let summary = "noise, blur, weather and the like instead of an adversary"
    public static let keys = [
        AttackKey("kind", "all, mnist-c, cifar10-c, or one such as fog (all)"),
        AttackKey("severity", "all, or 1 to 5 (all)"),
        AttackKey("seed", "of the random parts (0)"),
    ]
    public static let presets = [
        AttackPreset(
            "mnist-c", "kind=mnist-c,severity=all", source: "Mu and Gilmer 2019, 15 kinds"),
        AttackPreset(
            "cifar10-c", "kind=cifar10-c,severity=all",
            source: "Hendrycks and Dietterich 2019, 15 kinds"),
    ]

    public let kinds: [CorruptionKind]
    public let severities: [Int]
    public let seed: UInt64
    private let kindText: String

    public init(arguments: AttackArguments) throws(RobustnessError) {
        kindText = arguments.text("kind") ?? "all"
        switch kindText {
        case "all": kinds = CorruptionKind.allCases
        case "mnist-c": kinds = CorruptionKind.mnist
        case "cifar10-c": kinds = CorruptionKind.cifar10
        default:
            guard let kind = CorruptionKind(rawValue: kindText) else {
                let names = CorruptionKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw arguments.wrong(
                    "kind", expected: "all, mnist-c, cifar10-c or one of \(names)")
            }
            kinds = [kind]
        }
        if arguments.text("severity") ?? "all" == "all" {
            severities = [1, 2, 3, 4, 5]
        } else {
            severities = [try arguments.integer("severity", default: 1, in: 1...5)]
        }
        seed = try arguments.seed()
    }

    public var threatModel: ThreatModel { ThreatModel(norm: .l2, epsilon: nil) }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("kind", kindText),
            severities.count == 1
                ? AttackParameter("severity", severities[0]) : AttackParameter("severity", "all"),
            AttackParameter("seed", Int(seed)),
        ]
    }

    /// `kind-severity`, all severities of a kind one after the other.
    public var stageNames: [String] {
        kinds.flatMap { kind in severities.map { "\(kind.rawValue)-\($0)" } }
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        let shape = images.imageShape.dimensions
        let plan = SearchPlan(
            threatModel: threatModel, seed: seed, includesMisclassified: true,
            variants: kinds.count * severities.count)
        return try craft(
            plan, against: classifier, images: images, rowIDs: rowIDs, progress: progress
        ) { row in
            let raster = CorruptionRaster(
                channels: shape[0], height: shape[1], width: shape[2],
                values: row.cleanPixels.map(Double.init))
            return CorruptionSearch(
                raster, kind: kinds[row.variant / severities.count],
                severity: severities[row.variant % severities.count], seed: seed, row: row)
        }
    }
}

extension RandomStream.Purpose {
    static let corruption = RandomStream.Purpose(rawValue: 21)
}

/// Looks at one corrupted image.
struct CorruptionSearch: RowSearch {
    private let row: AttackRow
    private let clean: CorruptionRaster
    private let kind: CorruptionKind
    private let severity: Int
    private var stream: RandomStream
    private var found: RowFinding

    init(
        _ clean: CorruptionRaster, kind: CorruptionKind, severity: Int, seed: UInt64, row: AttackRow
    ) {
        (self.clean, self.kind, self.severity, self.row) = (clean, kind, severity, row)
        // The same image whatever other kinds are asked for beside it; row numbers stay below 2^40.
        let number = CorruptionKind.allCases.firstIndex(of: kind) ?? 0
        let key = UInt64(number * 5 + severity) << 40 | UInt64(row.rowID)
        stream = RandomStream(seed: seed, purpose: .corruption, row: key)
        found = .nothing(.failed)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard found.example == nil else { return nil }
        let corrupted = kind.corrupt(clean, severity: severity, stream: &stream)
        for (index, value) in corrupted.values.enumerated() { point[index] = Float(value) }
        return .logits
    }

    mutating func hear(_ answer: RowAnswer) {
        let isBroken = answer.logits.prediction.map { $0 != row.label } ?? false
        found = RowFinding(
            example: Array(UnsafeBufferPointer(start: answer.point, count: row.count)),
            status: isBroken ? .success : .failed, margin: answer.logits.margin(of: row.label),
            stage: row.variant)
    }

    var finding: RowFinding { found }
}
