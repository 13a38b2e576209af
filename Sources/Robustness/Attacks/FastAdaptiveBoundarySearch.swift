// SPDX-License-Identifier: Apache-2.0

import Tensors

extension RandomStream.Purpose {
    static let fastAdaptiveBoundary = Self(rawValue: 32)
}

/// Everything FAB is told.
struct FastAdaptiveBoundaryPlan: Sendable {
    let norm: Norm
    /// nil to look for the smallest change, whatever its size.
    let epsilon: ExactFraction?
    let steps: Int
    let restarts: Int
    /// How many of the most likely other classes are approached, one after the other; nil for the
    /// boundary that is nearest at each step.
    let rivals: Int?
    let alpha: Double
    let overshoot: Double
    let beta: Double
    let refinements: Int
    let keep: AttackKeep
    let seed: UInt64

    /// What the engine has to know.
    var searchPlan: SearchPlan {
        SearchPlan(threatModel: ThreatModel(norm: norm, epsilon: epsilon), seed: seed)
    }

    /// How far from the clean image restarts begin at most, before anything has been found: the
    /// budget, or else the original's guesses.
    var reach: Double {
        if let epsilon { return epsilon.value }
        switch norm {
        case .linf, .l0: return 0.3
        case .l2: return 1
        case .l1: return 5
        }
    }
}

/// FAB from one clean image: one run for every class approached and restart.
struct FastAdaptiveBoundarySearch: RowSearch {
    /// What the next answer is for.
    private enum Phase {
        /// The boundary is linearised at the point.
        case linearise
        /// A step has been taken: is the point on the other side?
        case judge
        /// The way to the best example is halved.
        case refine
    }

    private let plan: FastAdaptiveBoundaryPlan
    private let row: AttackRow
    private let limit: Double
    /// The classes whose boundaries are looked at, for each run.
    private let aims: [[Int]]
    private var run = 0
    private var steps = 0
    private var phase = Phase.linearise
    private var image: [Float]
    private var best: [Float]?
    private var bestDistance = Double.infinity
    private var bestMargin: Float = 0
    private var refinement: FastAdaptiveBoundaryRefinement?
    private var sawZeroGradient = false
    private var hasEnded = false

    init(_ plan: FastAdaptiveBoundaryPlan, row: AttackRow) {
        self.plan = plan
        self.row = row
        limit = plan.epsilon?.valueRoundedDown ?? .infinity
        image = Array(row.cleanPixels)
        if let rivals = plan.rivals {
            aims = row.rivals(rivals).map { [$0.reference] }
        } else {
            aims = [(0..<row.classCount).filter { $0 != row.label }]
        }
    }

    private var rivals: [Int] { aims[run / plan.restarts] }

    mutating func ask(at point: UnsafeMutablePointer<Float>) -> RowQuestion? {
        guard !hasEnded else { return nil }
        point.update(from: image, count: row.count)
        return phase == .linearise ? .gradients(rivals.count) : .logits
    }

    func writeSeed(_ index: Int, logits: LogitRow, into seed: UnsafeMutablePointer<Float>) {
        for label in 0..<row.classCount { seed[label] = 0 }
        seed[rivals[index]] = 1
        seed[row.label] = -1
    }

    mutating func hear(_ answer: RowAnswer) {
        guard answer.logits.isFinite else {
            if phase == .refine { hasEnded = true } else { nextRun() }
            return
        }
        switch phase {
        case .linearise: linearise(answer)
        case .judge: judge(answer.logits)
        case .refine: refine(answer.logits)
        }
    }

    /// Steps over the nearest linearised boundary, drawn towards the clean image's own projection.
    private mutating func linearise(_ answer: RowAnswer) {
        let logits = answer.logits.values
        var nearest = (index: 0, difference: 0.0, distance: Double.infinity)
        for (index, rival) in rivals.enumerated() {
            let difference = Double(logits[rival]) - Double(logits[row.label])
            let distance = abs(difference) / (1e-12 + plane(answer.gradient(index)).dualNorm)
            if distance < nearest.distance { nearest = (index, difference, distance) }
        }
        let plane = plane(answer.gradient(nearest.index))
        if plane.dualNorm == 0 {
            sawZeroGradient = true
            // At its start a run would stay where it is to its end.
            if steps == 0 { return nextRun() }
        }
        step(over: plane, difference: nearest.difference)
        phase = .judge
    }

    private func plane(_ normal: UnsafePointer<Float>) -> FastAdaptiveBoundaryProjection {
        FastAdaptiveBoundaryProjection(norm: plan.norm, normal: normal, count: row.count)
    }

    private mutating func step(over plane: FastAdaptiveBoundaryProjection, difference: Double) {
        let (count, clean) = (row.count, row.clean)
        let change = FloatBuffer(count: count)
        let cleanChange = FloatBuffer(count: count)
        var drift = 0.0
        for index in 0..<count {
            drift += Double(plane.normal[index]) * (Double(image[index]) - Double(clean[index]))
        }
        let own = max(
            plane.write(from: image, gap: -difference, into: change.pointer(at: 0)), 1e-8)
        let cleans = max(
            plane.write(from: clean, gap: drift - difference, into: cleanChange.pointer(at: 0)),
            1e-8)
        let alpha = Float(min(own / (own + cleans), plan.alpha))
        let overshoot = Float(plan.overshoot)
        for index in 0..<count {
            let moved = image[index] + overshoot * change.values[index]
            let drawn = clean[index] + overshoot * cleanChange.values[index]
            image[index] = AutoPGDBall.clamp(moved * (1 - alpha) + drawn * alpha, 0, 1)
        }
    }

    private mutating func judge(_ logits: LogitRow) {
        steps += 1
        if logits.prediction != row.label {
            weigh(image, logits)
            if plan.keep == .first, bestDistance <= limit {
                hasEnded = true
                return
            }
            let beta = Float(plan.beta)
            for index in 0..<row.count {
                let centre = row.clean[index]
                image[index] = centre + (image[index] - centre) * beta
            }
        }
        phase = .linearise
        if steps == plan.steps { nextRun() }
    }

    /// Keeps an example that is nearer than those before, if it lies far enough beyond the boundary
    /// for its class not to depend on how the model's sums are rounded.
    @discardableResult
    private mutating func weigh(_ example: [Float], _ logits: LogitRow) -> Bool {
        let margin = logits.margin(of: row.label)
        let largest = (0..<row.classCount).reduce(Float(0)) { max($0, abs(logits.values[$1])) }
        guard margin < -1e-5 * largest else { return false }
        let distance = ThreatModel.distance(plan.norm, example, row.clean, count: row.count)
        guard distance < bestDistance else { return false }
        (best, bestDistance, bestMargin) = (example, distance, margin)
        return true
    }

    private mutating func nextRun() {
        run += 1
        guard run < aims.count * plan.restarts else { return startRefinement() }
        (steps, phase) = (0, .linearise)
        image = Array(row.cleanPixels)
        if run % plan.restarts > 0 { startRandomly() }
    }

    /// Half as far away as the best example, or as the budget.
    private mutating func startRandomly() {
        // Row numbers stay below 2^40, so every (row, run) has a stream of its own.
        let key = UInt64(run) << 40 | UInt64(row.rowID)
        var stream = RandomStream(seed: plan.seed, purpose: .fastAdaptiveBoundary, row: key)
        let isLinf = plan.norm == .linf
        let direction = image.map { _ in isLinf ? stream.uniform(-1, 1) : stream.normal() }
        let zero = [Float](repeating: 0, count: direction.count)
        let length = ThreatModel.distance(plan.norm, direction, zero, count: direction.count)
        let scale = Float(min(bestDistance, plan.reach) / 2 / max(length, 1e-12))
        for index in image.indices {
            image[index] = AutoPGDBall.clamp(image[index] + scale * direction[index], 0, 1)
        }
    }

    private mutating func startRefinement() {
        let isDone = plan.keep == .first && bestDistance <= limit
        guard let best, plan.refinements > 0, !isDone else {
            hasEnded = true
            return
        }
        phase = .refine
        let cleanMargin = row.cleanLogits.withUnsafeBufferPointer {
            LogitRow(values: $0.baseAddress.unsafelyUnwrapped, classCount: row.classCount)
                .margin(of: row.label)
        }
        refinement = FastAdaptiveBoundaryRefinement(
            example: best, cleanMargin: cleanMargin, margin: bestMargin)
        writeRefinement()
    }

    private mutating func writeRefinement() {
        guard let refinement, refinement.tries < plan.refinements else {
            hasEnded = true
            return
        }
        image = refinement.trial(from: row.cleanPixels)
    }

    private mutating func refine(_ logits: LogitRow) {
        let isCloser = weigh(image, logits)
        refinement?.hear(margin: logits.margin(of: row.label), isExample: isCloser)
        writeRefinement()
    }

    var finding: RowFinding {
        var finding = RowFinding.nothing(.failed)
        if let best, bestDistance <= limit {
            finding = RowFinding(example: best, status: .success, margin: bestMargin)
        }
        finding.sawZeroGradient = sawZeroGradient
        return finding
    }
}
