// SPDX-License-Identifier: Apache-2.0

public import Tensors
public import Training

/// Random changes of the size an attack may make: what a model's gradient has to beat. Where noise
/// does as well, either the gradient is masked or the ball is so large that direction matters little.
///
/// Every draw has a norm of epsilon after it was clipped to the box, wherever the box leaves that
/// much room (the scale is found as Rauber and Bethge, "Fast differentiable clipping-aware
/// normalization and rescaling", 2020, ask): clipping noise of that norm, as libraries do, takes
/// half of it away from images that are mostly black.
public struct AdditiveNoise: Attack {
    public static let name = "noise"
    public static let summary = "random changes of norm epsilon, the best of several draws"
    public static let keys = [
        AttackKey("epsilon", "budget in pixel units of [0, 1], such as 0.3 or 8/255 (required)"),
        AttackKey("norm", "linf or l2 (linf)"),
        AttackKey("kind", "uniform or gaussian (uniform)"),
        AttackKey("draws", "changes tried until one succeeds, else the best (10)"),
        PixelLattice.key,
        AttackKey("seed", "of the draws (0)"),
    ]

    /// How a pixel's change is distributed before it is scaled.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        case uniform
        case gaussian
    }

    public let ball: NormBall
    public let kind: Kind
    public let draws: Int
    public let seed: UInt64
    let lattice: PixelLattice?

    public init(arguments: AttackArguments) throws(RobustnessError) {
        ball = try arguments.ball()
        kind = try arguments.choice("kind", default: Kind.uniform, among: Kind.allCases)
        draws = try arguments.integer("draws", default: 10, in: 1...1_000_000)
        lattice = try PixelLattice.inside(ball, arguments: arguments)
        seed = try arguments.seed()
    }

    public var threatModel: ThreatModel { ball.threatModel }

    public var parameters: [AttackParameter] {
        [
            AttackParameter("epsilon", ball.epsilon.text),
            AttackParameter("norm", ball.norm.rawValue),
            AttackParameter("kind", kind.rawValue),
            AttackParameter("draws", draws),
            PixelLattice.parameter(lattice),
            AttackParameter("seed", Int(seed)),
        ]
    }

    public func craft(
        against classifier: any DifferentiableClassifier, images: LabelledImages, rowIDs: [Int],
        progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        try lattice?.check(images, rowIDs: rowIDs)
        let plan = SearchPlan(threatModel: threatModel, seed: seed)
        return try craft(
            plan, against: classifier, images: images, rowIDs: rowIDs, progress: progress
        ) { NoiseSearch(self, row: $0) }
    }
}

extension RandomStream.Purpose {
    static let attackNoise = RandomStream.Purpose(rawValue: 20)
}

/// Draws of noise around one clean image, by forward passes alone.
struct NoiseSearch: RowSearch {
    private let attack: AdditiveNoise
    private let row: AttackRow
    private let ball: PixelBall
    private let bounds: [Float]
    private let lattice: LatticeBall?
    private var draw = 0
    private var best: BestPoint?

    init(_ attack: AdditiveNoise, row: AttackRow) {
        self.attack = attack
        self.row = row
        ball = PixelBall(attack.ball, step: attack.ball.epsilon, count: row.count)
        bounds = ball.bounds(around: row.clean)
        lattice = attack.lattice.map { LatticeBall($0, in: attack.ball, clean: row.cleanPixels) }
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard draw < attack.draws, best?.succeeds != true else { return nil }
        // Row numbers stay below 2^40, so every (row, draw) has a stream of its own.
        let key = UInt64(draw) << 40 | UInt64(row.rowID)
        var stream = RandomStream(seed: attack.seed, purpose: .attackNoise, row: key)
        let noise = (0..<row.count).map { _ in
            attack.kind == .uniform ? stream.uniform(-1, 1) : stream.normal()
        }
        var image = ball.adding(noise, to: row.clean)
        ball.contain(&image, around: row.clean, bounds: bounds)
        if let lattice {
            lattice.round(image, into: point)
        } else {
            for (index, pixel) in image.enumerated() { point[index] = pixel }
        }
        return .logits
    }

    mutating func hear(_ answer: RowAnswer) {
        draw += 1
        guard let prediction = answer.logits.prediction else { return }
        let point = BestPoint(
            succeeds: row.goal.isReached(by: prediction),
            objective: AttackLoss.objective(
                answer.logits.values, classCount: answer.logits.classCount, goal: row.goal))
        guard best.map({ point.isBetter(than: $0) }) ?? true else { return }
        best = point
        best?.pixels = Array(UnsafeBufferPointer(start: answer.point, count: row.count))
        best?.margin = answer.logits.margin(of: row.label)
    }

    var finding: RowFinding {
        guard let best else { return .nothing(.failed) }
        return RowFinding(
            example: best.pixels, status: best.succeeds ? .success : .failed, margin: best.margin)
    }
}

extension PixelBall {
    /// The clean image plus a multiple of `noise`, clipped to the box: the multiple at which the
    /// clipped change has the ball's radius, or the most the box allows.
    ///
    /// The change grows with the multiple, so halving an interval finds it.
    func adding(_ noise: [Float], to clean: UnsafePointer<Float>) -> [Float] {
        let largest = noise.reduce(0) { max($0, abs($1)) }
        guard largest > 0 else { return (0..<count).map { clean[$0] } }
        var lower = 0.0
        var upper = epsilon / Double(largest)
        // Where the box stops growth altogether, doubling ends.
        while upper < 0x1p40, size(of: noise, scale: upper, around: clean) < epsilon { upper *= 2 }
        for _ in 0..<52 {
            let middle = 0.5 * (lower + upper)
            if size(of: noise, scale: middle, around: clean) < epsilon {
                lower = middle
            } else {
                upper = middle
            }
        }
        return noise.enumerated().map { index, noise in
            Float(min(max(Double(clean[index]) + upper * Double(noise), 0), 1))
        }
    }

    private func size(
        of noise: [Float], scale: Double, around clean: UnsafePointer<Float>
    ) -> Double {
        var (largest, squares) = (0.0, 0.0)
        for (index, noise) in noise.enumerated() {
            let centre = Double(clean[index])
            let change = min(max(centre + scale * Double(noise), 0), 1) - centre
            largest = max(largest, abs(change))
            squares += change * change
        }
        return norm == .linf ? largest : squares.squareRoot()
    }
}
