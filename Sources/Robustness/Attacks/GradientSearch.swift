// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

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
    /// For l1: the share of the values that a step moves.
    var sparsity: ExactFraction?
    /// What is kept of the momentum at every step; nil to step along the gradient itself.
    var decay: ExactFraction?
    /// The values pixels may have.
    var lattice: PixelLattice?

    /// What the engine has to know.
    var searchPlan: SearchPlan {
        SearchPlan(
            threatModel: ball.threatModel, target: target, seed: seed,
            // Without a random start the first point is the clean image anyway.
            looksFirst: startsRandomly || target != .none, includesMisclassified: keep != .first,
            minimumClassCount: loss.minimumClassCount(isTargeted: target != .none))
    }
}

extension Attack {
    /// Attacks all rows by steps along the gradient.
    func craft(
        _ plan: AscentPlan, against classifier: any DifferentiableClassifier,
        images: LabelledImages, rowIDs: [Int], progress: (AttackProgress) -> Bool
    ) throws(RobustnessError) -> AdversarialResult {
        try plan.lattice?.check(images, rowIDs: rowIDs)
        return try craft(
            plan.searchPlan, against: classifier, images: images, rowIDs: rowIDs,
            progress: progress
        ) { GradientSearch(plan, row: $0) }
    }
}

/// Steps along the gradient from one clean image.
struct GradientSearch: RowSearch {
    private let plan: AscentPlan
    private let ball: PixelBall
    private let row: AttackRow
    /// For linf: the smallest and the largest admissible value of every pixel.
    private let bounds: [Float]
    /// Where the steps have led. The point looked at is the one of the lattice next to it, where
    /// there is one: steps smaller than a level add up all the same.
    private var image: [Float]
    private let lattice: LatticeBall?
    private var momentum: Momentum?
    private var restart = 0
    private var steps = 0
    private var hasEnded = false
    private var best: BestPoint?
    private var sawZeroGradient = false

    init(_ plan: AscentPlan, row: AttackRow) {
        self.plan = plan
        self.row = row
        ball = PixelBall(plan.ball, step: plan.step, count: row.count, sparsity: plan.sparsity)
        bounds = ball.bounds(around: row.clean)
        image = Array(row.cleanPixels)
        lattice = plan.lattice.map { LatticeBall($0, in: plan.ball, clean: row.cleanPixels) }
        momentum = plan.decay.map { Momentum(decay: $0.value, count: row.count) }
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
        if let lattice {
            lattice.round(image, into: point)
        } else {
            image.withUnsafeBufferPointer { pixels in
                point.update(from: pixels.baseAddress.unsafelyUnwrapped, count: pixels.count)
            }
        }
        return steps == plan.steps ? .logits : .gradients(1)
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        plan.loss.gradient(
            of: logits.values, classCount: logits.classCount, goal: row.goal, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        weigh(answer)
        if plan.keep == .first, best?.succeeds == true {
            hasEnded = true
        } else if steps == plan.steps {
            nextStart()
        } else if advance(along: answer.gradient()) {
            steps += 1
        } else {
            // The same point would give the same zero again: this start has come to its end.
            sawZeroGradient = true
            if plan.keep == .last { take(answer) }
            nextStart()
        }
    }

    /// - Returns: false when there is no direction to go in.
    private mutating func advance(along gradient: UnsafePointer<Float>) -> Bool {
        // A gradient of zero adds nothing, but what came before carries on.
        if momentum?.add(gradient) == false { sawZeroGradient = true }
        guard let velocity = momentum?.velocity else {
            return ball.advance(&image, along: gradient, around: row.clean, bounds: bounds)
        }
        return velocity.withUnsafeBufferPointer { velocity in
            ball.advance(
                &image, along: velocity.baseAddress.unsafelyUnwrapped, around: row.clean,
                bounds: bounds)
        }
    }

    private mutating func nextStart() {
        restart += 1
        guard restart < plan.restarts else {
            hasEnded = true
            return
        }
        image = Array(row.cleanPixels)
        momentum = plan.decay.map { Momentum(decay: $0.value, count: row.count) }
        start()
    }

    /// Keeps the point that was looked at if it is the best so far.
    private mutating func weigh(_ answer: RowAnswer) {
        let logits = answer.logits
        if plan.keep == .last {
            if steps == plan.steps { take(answer) }
        } else if let prediction = logits.prediction {
            let point = BestPoint(
                succeeds: row.goal.isReached(by: prediction),
                objective: AttackLoss.objective(
                    logits.values, classCount: logits.classCount, goal: row.goal))
            if best.map({ point.isBetter(than: $0) }) ?? true { keep(point, of: answer) }
        }
    }

    private mutating func take(_ answer: RowAnswer) {
        let succeeds = answer.logits.prediction.map(row.goal.isReached) ?? false
        keep(BestPoint(succeeds: succeeds, objective: 0), of: answer)
    }

    private mutating func keep(_ point: BestPoint, of answer: RowAnswer) {
        best = point
        best?.pixels = Array(UnsafeBufferPointer(start: answer.point, count: row.count))
        best?.margin = answer.logits.margin(of: row.label)
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
