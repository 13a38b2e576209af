// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Which of the points a gradient attack visits becomes the row's example.
public enum AttackKeep: String, CaseIterable, Hashable, Sendable {
    /// The first that succeeds, and the attack of the row ends there; where none does, the one with
    /// the highest loss. Rows the model gets wrong to begin with stay clean.
    case first
    /// The one with the highest loss over all steps and restarts, successes before failures.
    case best
    /// Where the last step ends, as torchattacks and Foolbox do.
    case last
}

/// Everything a gradient attack is told.
struct AscentPlan: Sendable {
    let ball: NormBall
    let step: ExactFraction
    let steps: Int
    let restarts: Int
    let startsRandomly: Bool
    let loss: AttackLoss
    let target: AttackTarget
    let keep: AttackKeep
    let seed: UInt64

    /// What the engine has to know.
    var searchPlan: SearchPlan {
        SearchPlan(
            threatModel: ball.threatModel, target: target, seed: seed,
            // Without a random start the first point is the clean image anyway.
            looksFirst: startsRandomly || target != .none, includesMisclassified: keep != .first,
            minimumClassCount: loss.minimumClassCount(isTargeted: target != .none))
    }
}

/// Steps along the gradient from one clean image.
struct GradientSearch: RowSearch {
    private let plan: AscentPlan
    private let ball: PixelBall
    private let row: AttackRow
    /// For linf: the smallest and the largest admissible value of every pixel.
    private let bounds: [Float]
    private var image: [Float]
    private var restart = 0
    private var steps = 0
    private var hasEnded = false
    private var best: BestPoint?
    private var sawZeroGradient = false

    init(_ plan: AscentPlan, row: AttackRow) {
        self.plan = plan
        self.row = row
        ball = PixelBall(plan.ball, step: plan.step, count: row.count)
        bounds = ball.bounds(around: row.clean)
        image = Array(row.cleanPixels)
        start()
    }

    private mutating func start() {
        steps = 0
        guard plan.startsRandomly else { return }
        // Row numbers stay below 2^40, so every (row, restart) has a stream of its own.
        let key = UInt64(restart) << 40 | UInt64(row.rowID)
        var stream = RandomStream(seed: plan.seed, purpose: .attackStart, row: key)
        ball.writeStart(around: row.clean, bounds: bounds, stream: &stream, into: &image)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard !hasEnded else { return nil }
        image.withUnsafeBufferPointer { pixels in
            point.update(from: pixels.baseAddress.unsafelyUnwrapped, count: pixels.count)
        }
        return steps == plan.steps ? .logits : .gradients(1)
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        plan.loss.gradient(
            of: logits.values, classCount: logits.classCount, goal: row.goal, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        weigh(answer.logits)
        if plan.keep == .first, best?.succeeds == true {
            hasEnded = true
        } else if steps == plan.steps {
            nextStart()
        } else if ball.advance(
            &image, along: answer.gradient(), around: row.clean, bounds: bounds)
        {
            steps += 1
        } else {
            // The same point would give the same zero again: this start has come to its end.
            sawZeroGradient = true
            if plan.keep == .last { take(answer.logits) }
            nextStart()
        }
    }

    private mutating func nextStart() {
        restart += 1
        guard restart < plan.restarts else {
            hasEnded = true
            return
        }
        image = Array(row.cleanPixels)
        start()
    }

    /// Keeps the point that was looked at if it is the best so far.
    private mutating func weigh(_ logits: LogitRow) {
        if plan.keep == .last {
            if steps == plan.steps { take(logits) }
        } else if let prediction = logits.prediction {
            let point = BestPoint(
                succeeds: row.goal.isReached(by: prediction),
                objective: AttackLoss.objective(
                    logits.values, classCount: logits.classCount, goal: row.goal))
            if best.map({ point.isBetter(than: $0) }) ?? true {
                best = point
                best?.pixels = image
                best?.margin = logits.margin(of: row.label)
            }
        }
    }

    private mutating func take(_ logits: LogitRow) {
        best = BestPoint(
            succeeds: logits.prediction.map(row.goal.isReached) ?? false, objective: 0)
        best?.pixels = image
        best?.margin = logits.margin(of: row.label)
    }

    var finding: RowFinding {
        guard let best else {
            // None of the row's points had finite logits.
            var finding = RowFinding.nothing(.failed)
            finding.sawZeroGradient = sawZeroGradient
            return finding
        }
        return RowFinding(
            example: best.pixels, status: best.succeeds ? .success : .failed, margin: best.margin,
            sawZeroGradient: sawZeroGradient)
    }
}

/// A point that may become a row's example.
struct BestPoint {
    let succeeds: Bool
    /// What the attack maximises there.
    let objective: Double
    var pixels: [Float] = []
    var margin: Float = 0

    /// Successes before failures, then the higher objective.
    func isBetter(than other: BestPoint) -> Bool {
        succeeds == other.succeeds ? objective > other.objective : succeeds
    }
}
