// SPDX-License-Identifier: Apache-2.0

import Tensors

extension RandomStream.Purpose {
    static let square = Self(rawValue: 31)
}

/// Everything Square is told.
struct SquarePlan: Sendable {
    let ball: NormBall
    let loss: AttackLoss
    let schedule: SquareSchedule
    let restarts: Int
    let target: AttackTarget
    let seed: UInt64
    /// (C, H, W).
    var imageShape: Shape = [1, 1, 1]

    /// What the engine has to know.
    var searchPlan: SearchPlan {
        SearchPlan(
            threatModel: ball.threatModel, target: target, seed: seed,
            minimumClassCount: loss.minimumClassCount(isTargeted: target != .none))
    }
}

/// Random search from one clean image: each query changes one window and stays if the loss rises.
struct SquareSearch: RowSearch {
    private let plan: SquarePlan
    private let row: AttackRow
    private let ball: AutoPGDBall
    private let painter: SquarePainter
    private var stream: RandomStream
    private var restart = 0
    private var queries = 0
    /// The best image of this restart, its loss, and the one the model is asked about.
    private var best: [Float]
    private var bestLoss = -Double.infinity
    private var trial: [Float]
    private var found: BestPoint?
    private var hasEnded = false

    init(_ plan: SquarePlan, row: AttackRow) {
        self.plan = plan
        self.row = row
        ball = AutoPGDBall(plan.ball, around: row)
        painter = SquarePainter(shape: plan.imageShape, ball: ball)
        best = Array(row.cleanPixels)
        trial = best
        stream = RandomStream(seed: plan.seed, purpose: .square, row: UInt64(row.rowID))
        start()
    }

    private mutating func start() {
        // Row numbers stay below 2^40, so every (row, restart) has a stream of its own.
        let key = UInt64(restart) << 40 | UInt64(row.rowID)
        stream = RandomStream(seed: plan.seed, purpose: .square, row: key)
        (queries, bestLoss) = (0, -.infinity)
        trial = Array(row.cleanPixels)
        painter.paintStart(&trial, stream: &stream)
    }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        while !hasEnded && queries > 0 {
            guard queries <= plan.schedule.queries else {
                nextRestart()
                break
            }
            if paintTrial() { break }
            // The window already looks like this, so the model's answer is known: a query that is
            // counted, but need not be asked.
            queries += 1
        }
        guard !hasEnded else { return nil }
        point.update(from: trial, count: row.count)
        return .logits
    }

    /// Changes one window of the best image.
    ///
    /// - Returns: whether anything is different.
    private mutating func paintTrial() -> Bool {
        let side = plan.schedule.side(
            at: queries - 1, height: painter.height, width: painter.width,
            isOdd: ball.norm == .l2)
        trial.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.unsafelyUnwrapped.update(from: best, count: row.count)
        }
        return painter.paintWindow(&trial, side: side, stream: &stream)
    }

    mutating func hear(_ answer: RowAnswer) {
        queries += 1
        guard let prediction = answer.logits.prediction else { return }
        let loss = plan.loss.value(
            of: answer.logits.values, classCount: row.classCount, goal: row.goal)
        let succeeds = row.goal.isReached(by: prediction)
        if loss > bestLoss || succeeds {
            bestLoss = loss
            swap(&best, &trial)
            keep(answer.logits, succeeds: succeeds)
        }
        hasEnded = succeeds
    }

    private mutating func keep(_ logits: LogitRow, succeeds: Bool) {
        let point = BestPoint(
            succeeds: succeeds,
            objective: AttackLoss.objective(
                logits.values, classCount: logits.classCount, goal: row.goal))
        guard found.map({ point.isBetter(than: $0) }) ?? true else { return }
        found = point
        found?.pixels = best
        found?.margin = logits.margin(of: row.label)
    }

    private mutating func nextRestart() {
        restart += 1
        guard restart < plan.restarts else {
            hasEnded = true
            return
        }
        start()
    }

    var finding: RowFinding {
        guard let found else { return .nothing(.failed) }
        return RowFinding(
            example: found.pixels, status: found.succeeds ? .success : .failed,
            margin: found.margin)
    }
}
