// SPDX-License-Identifier: Apache-2.0

import Tensors

extension RandomStream.Purpose {
    static let autoPGDStart = Self(rawValue: 30)
}

/// Everything APGD is told.
struct AutoPGDPlan: Sendable {
    let ball: NormBall
    let loss: AttackLoss
    let steps: Int
    let restarts: Int
    let target: AttackTarget
    /// How many of the most likely other classes are aimed at in turn, any misclassification
    /// counting; nil to climb the loss of the row's goal.
    var rivals: Int?
    let keep: AttackKeep
    let seed: UInt64

    /// What the engine has to know.
    var searchPlan: SearchPlan {
        SearchPlan(
            threatModel: ball.threatModel, target: target, seed: seed,
            includesMisclassified: keep != .first,
            minimumClassCount: loss.minimumClassCount(
                isTargeted: rivals != nil || target != .none))
    }
}

/// APGD from one clean image: one run for every rival and restart.
struct AutoPGDSearch: RowSearch {
    private let plan: AutoPGDPlan
    private let row: AttackRow
    private let ball: AutoPGDBall
    /// Whose losses are climbed, in order.
    private let aims: [AttackGoal]
    private var run = 0
    private var steps = 0
    private var schedule: AutoPGDSchedule
    private var image: [Float]
    private var previous: [Float]
    /// Where this run's loss was highest, and the gradient there.
    private var highest: [Float] = []
    private var highestGradient: [Float] = []
    private var scratch: [Float] = []
    private var best: BestPoint?
    private var sawZeroGradient = false
    private var hasEnded = false

    init(_ plan: AutoPGDPlan, row: AttackRow) {
        self.plan = plan
        self.row = row
        ball = AutoPGDBall(plan.ball, around: row)
        image = Array(row.cleanPixels)
        previous = []
        schedule = AutoPGDSchedule(steps: plan.steps, loss: 0)
        aims = plan.rivals.map { row.rivals($0) } ?? [row.goal]
        start()
    }

    private var aim: AttackGoal { aims[run / plan.restarts] }

    private mutating func start() {
        steps = 0
        // Row numbers stay below 2^40, so every (row, run) has a stream of its own.
        let key = UInt64(run) << 40 | UInt64(row.rowID)
        var stream = RandomStream(seed: plan.seed, purpose: .autoPGDStart, row: key)
        ball.writeStart(stream: &stream, into: &image)
        previous = image
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard !hasEnded else { return nil }
        point.update(from: image, count: row.count)
        return steps == plan.steps ? .logits : .gradients(1)
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        plan.loss.gradient(
            of: logits.values, classCount: logits.classCount, goal: aim, into: seed)
    }

    mutating func hear(_ answer: RowAnswer) {
        weigh(answer.logits)
        if plan.keep == .first, best?.succeeds == true {
            hasEnded = true
            return
        }
        let loss = plan.loss.value(
            of: answer.logits.values, classCount: row.classCount, goal: aim)
        let isFirst = steps == 0
        if isFirst { schedule = AutoPGDSchedule(steps: plan.steps, loss: loss) }
        let verdict = isFirst ? .start : schedule.hear(loss)
        guard steps < plan.steps else { return nextRun() }
        let gradient = answer.gradient()
        let isZero = (0..<row.count).allSatisfy { gradient[$0] == 0 }
        if isZero { sawZeroGradient = true }
        // Without a gradient at its start, a run would stay where it is to its end.
        if isZero && isFirst { return nextRun() }
        if verdict.isBest {
            highest = image
            highestGradient = Array(UnsafeBufferPointer(start: gradient, count: row.count))
        }
        if verdict.goesBack {
            image = highest
            let kept = highestGradient
            kept.withUnsafeBufferPointer { advance(along: $0.baseAddress.unsafelyUnwrapped) }
        } else {
            advance(along: gradient)
        }
        steps += 1
    }

    /// x + 0.75 (P(x + step s(g)) - x) + 0.25 (x - x before), brought back, where s is the sign for
    /// linf and the direction for l2; the first step is taken whole.
    private mutating func advance(along gradient: UnsafePointer<Float>) {
        let share: Float = steps == 0 ? 1 : 0.75
        let step = schedule.step * ball.epsilon
        if ball.norm == .l2 { writeTrial(along: gradient, step: step) }
        let size = Float(step)
        let (ball, count) = (ball, row.count)
        image.withUnsafeMutableBufferPointer { imageBuffer in
            let image = imageBuffer.baseAddress.unsafelyUnwrapped
            previous.withUnsafeMutableBufferPointer { before in
                if ball.norm == .linf {
                    ball.bounds.withUnsafeBufferPointer { bounds in
                        for index in 0..<count {
                            let (value, slope) = (image[index], gradient[index])
                            // sign(0) and sign(NaN) are 0.
                            let move: Float = slope > 0 ? size : (slope < 0 ? -size : 0)
                            let trial = AutoPGDBall.clamp(
                                value + move, bounds[index], bounds[count + index])
                            image[index] =
                                value + (trial - value) * share
                                + (value - before[index]) * (1 - share)
                            before[index] = value
                        }
                    }
                } else {
                    for index in 0..<count {
                        let value = image[index]
                        image[index] =
                            value + (scratch[index] - value) * share
                            + (value - before[index]) * (1 - share)
                        before[index] = value
                    }
                }
            }
            ball.bringBack(image)
        }
    }

    /// For l2: P(x + step g / |g|).
    private mutating func writeTrial(along gradient: UnsafePointer<Float>, step: Double) {
        scratch = image
        let length = ThreatModel.squaredLength(gradient, count: row.count).squareRoot()
        guard length > 0, length.isFinite else { return }
        let scale = step / length
        let (ball, count) = (ball, row.count)
        scratch.withUnsafeMutableBufferPointer { trial in
            for index in 0..<count {
                trial[index] = Float(Double(trial[index]) + scale * Double(gradient[index]))
            }
            ball.bringBack(trial.baseAddress.unsafelyUnwrapped)
        }
    }

    private mutating func nextRun() {
        run += 1
        guard run < aims.count * plan.restarts else {
            hasEnded = true
            return
        }
        start()
    }

    /// Keeps the point that was looked at if it is the best so far. Points of different aims are
    /// compared by the log-odds of the row's own goal.
    private mutating func weigh(_ logits: LogitRow) {
        guard let prediction = logits.prediction else { return }
        let point = BestPoint(
            succeeds: row.goal.isReached(by: prediction),
            objective: AttackLoss.objective(
                logits.values, classCount: logits.classCount, goal: row.goal))
        guard best.map({ point.isBetter(than: $0) }) ?? true else { return }
        best = point
        best?.pixels = image
        best?.margin = logits.margin(of: row.label)
    }

    var finding: RowFinding {
        var finding = RowFinding.nothing(.failed)
        if let best {
            finding = RowFinding(
                example: best.pixels, status: best.succeeds ? .success : .failed,
                margin: best.margin)
        }
        finding.sawZeroGradient = sawZeroGradient
        return finding
    }
}

extension AutoPGDSchedule.Verdict {
    /// Of a run's first point.
    static let start = Self(isBest: true, goesBack: false)
}

extension AttackRow {
    /// Goals towards each of the `count` most likely classes of the clean image but the label.
    func rivals(_ count: Int) -> [AttackGoal] {
        cleanLogits.withUnsafeBufferPointer { logits in
            let values = logits.baseAddress.unsafelyUnwrapped
            return LogitRow(values: values, classCount: classCount).order
                .filter { $0 != label }.prefix(count)
                .map { AttackGoal(reference: $0, isTargeted: true, label: label) }
        }
    }
}
