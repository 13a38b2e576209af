// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

/// What is known of one row so far.
struct RowRecord {
    let label: Int
    var target: Int?
    /// nil while the row is at work.
    var status: AdversarialResult.Status?
    /// nil until the clean image has been through the model.
    var isCleanCorrect: Bool?
    /// Of the example kept: whether it succeeds, its loss, and the label's margin there.
    var succeeds = false
    var objective = -Double.infinity
    var margin: Float = 0
    var queries = 0
    var gradients = 0
    var zeroGradients = 0

    init(label: Int) {
        self.label = label
    }

    var goal: AttackGoal {
        AttackGoal(reference: target ?? label, isTargeted: target != nil)
    }
}

extension GradientAscent {
    /// Puts a row at its starting point, into the next free slot.
    func begin(_ slot: Slot) {
        let position = slots.count
        let image = current.pointer(at: position * pixelCount)
        let centre = clean + slot.row * pixelCount
        let bound = plan.threatModel.norm == .linf ? position * pixelCount : 0
        let (lower, upper) = (lower.pointer(at: bound), upper.pointer(at: bound))
        ball.writeBounds(around: centre, lower: lower, upper: upper)
        if plan.startsRandomly {
            // Row numbers stay below 2^40, so every (row, restart) has a stream of its own.
            let key = UInt64(slot.restart) << 40 | UInt64(rowIDs[slot.row])
            var stream = RandomStream(seed: plan.seed, purpose: .attackStart, row: key)
            ball.writeStart(
                around: centre, lower: lower, upper: upper, stream: &stream, into: image)
        } else {
            image.update(from: centre, count: pixelCount)
        }
        slots.append(slot)
    }

    /// Weighs one point of a row's path; true when the row is finished by it.
    func visit(_ slot: Slot, image: UnsafeMutablePointer<Float>, logits: LogitRow) -> Bool {
        guard plan.keep != .last, let prediction = logits.prediction else { return false }
        let record = records[slot.row]
        let succeeds = record.goal.isReached(by: prediction)
        let objective = AttackLoss.objective(
            logits.values, classCount: classCount, goal: record.goal)
        // Successes before failures, then the higher loss.
        let isBetter =
            succeeds == record.succeeds ? objective > record.objective : succeeds
        if isBetter {
            take(image, of: slot.row, logits: logits, succeeds: succeeds, objective: objective)
        }
        guard succeeds, plan.keep == .first else { return false }
        finish(slot.row)
        return true
    }

    /// Ends one start of a row: the next start, or the end of the row.
    func close(_ slot: Slot, image: UnsafeMutablePointer<Float>, logits: LogitRow) {
        let row = slot.row
        if plan.keep == .last {
            let succeeds = logits.prediction.map(records[row].goal.isReached) ?? false
            take(image, of: row, logits: logits, succeeds: succeeds, objective: 0)
        }
        if slot.restart + 1 < plan.restarts {
            waiting.append(Slot(row: row, restart: slot.restart + 1))
        } else {
            if records[row].objective == -.infinity { keepCleanPixels(row) }
            finish(row)
        }
    }

    private func take(
        _ image: UnsafeMutablePointer<Float>, of row: Int, logits: LogitRow, succeeds: Bool,
        objective: Double
    ) {
        (adversarial + row * pixelCount).update(from: image, count: pixelCount)
        records[row].succeeds = succeeds
        records[row].objective = objective
        records[row].margin = logits.margin(of: records[row].label)
    }

    /// For a row none of whose points had finite logits.
    private func keepCleanPixels(_ row: Int) {
        (adversarial + row * pixelCount).update(
            from: clean + row * pixelCount, count: pixelCount)
    }

    private func finish(_ row: Int) {
        let record = records[row]
        if record.isCleanCorrect == false {
            records[row].status = .alreadyMisclassified
        } else {
            records[row].status = record.succeeds ? .success : .failed
        }
        finishedRows += 1
    }

    func logitRow(_ position: Int) -> LogitRow {
        LogitRow(values: logits.pointer(at: position * classCount), classCount: classCount)
    }

    /// The logits of `count` images, into ``logits``.
    func forward(
        _ batch: UnsafeBufferPointer<Float>, count: Int
    ) throws(RobustnessError) {
        do throws(TrainingError) {
            try classifier.logits(
                of: batch, count: count, into: logits.mutablePrefix(count * classCount))
        } catch {
            throw RobustnessError(.model, error.description)
        }
    }
}
