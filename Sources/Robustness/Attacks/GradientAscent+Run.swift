// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Training

extension GradientAscent {
    /// Whether decisions about a row need its clean logits before its first step.
    private var needsCleanLogits: Bool {
        if case .fixed = plan.target { return true }
        return plan.startsRandomly || plan.target == .leastLikely
    }

    /// Attacks all rows.
    ///
    /// - Throws: ``RobustnessError`` when the model fails or `progress` returns false.
    func run(progress: (AttackProgress) -> Bool) throws(RobustnessError) {
        let start = DispatchTime.now()
        waiting = records.indices.reversed().map { Slot(row: $0, restart: 0) }
        if needsCleanLogits {
            try judgeCleanRows()
        } else {
            for row in records.indices { setGoal(of: row, leastLikely: 0) }
        }
        waiting.removeAll { records[$0.row].status != nil }
        finishedRows = records.count - waiting.count
        while !waiting.isEmpty || !slots.isEmpty || !ended.isEmpty {
            while slots.count < capacity, let next = waiting.popLast() { begin(next) }
            if !slots.isEmpty { try takeStep() }
            let isLast = slots.isEmpty && waiting.isEmpty
            if ended.count >= capacity || (isLast && !ended.isEmpty) { try judgeEndpoints() }
            let state = AttackProgress(
                finishedRows: finishedRows, rows: records.count,
                gradientEvaluations: gradientEvaluations)
            guard progress(state) else {
                throw RobustnessError(
                    .stopped, "stopped after \(finishedRows) of \(records.count) rows")
            }
        }
        let elapsed = DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds
        wallSeconds = Double(elapsed) * 1e-9
    }

    /// Runs the clean images through the model, for targets and to leave out rows that are
    /// misclassified as they are.
    private func judgeCleanRows() throws(RobustnessError) {
        for first in stride(from: 0, to: records.count, by: capacity) {
            let count = min(capacity, records.count - first)
            let batch = UnsafeBufferPointer(
                start: clean + first * pixelCount, count: count * pixelCount)
            try forward(batch, count: count)
            for position in 0..<count {
                let row = first + position
                let logits = logitRow(position)
                records[row].queries += 1
                setGoal(of: row, leastLikely: logits.leastLikely)
                try judgeClean(row, logits: logits)
            }
        }
    }

    private func setGoal(of row: Int, leastLikely: Int) {
        let label = records[row].label
        let target = plan.target.resolve(
            label: label, classCount: classCount, row: rowIDs[row], seed: plan.seed,
            leastLikely: leastLikely)
        records[row].target = target
        if target == label {
            keepClean(row, status: .skipped)
        }
    }

    /// Notes whether the model is right about the clean image; with `keep=first` a row it gets
    /// wrong is left as it is.
    private func judgeClean(_ row: Int, logits: LogitRow) throws(RobustnessError) {
        guard let prediction = logits.prediction else {
            throw RobustnessError(
                .model, "the model's logits of the clean row \(rowIDs[row]) are not finite")
        }
        records[row].isCleanCorrect = prediction == records[row].label
        records[row].margin = logits.margin(of: records[row].label)
        if records[row].isCleanCorrect == false, plan.keep == .first, records[row].status == nil {
            keepClean(row, status: .alreadyMisclassified)
        }
    }

    private func keepClean(_ row: Int, status: AdversarialResult.Status) {
        (adversarial + row * pixelCount).update(
            from: clean + row * pixelCount, count: pixelCount)
        records[row].status = status
    }

    /// One gradient for every row at work, then one step each.
    private func takeStep() throws(RobustnessError) {
        let count = slots.count
        let goals = slots.map { records[$0.row].goal }
        let (loss, classCount) = (plan.loss, classCount)
        do throws(TrainingError) {
            try classifier.inputGradient(
                of: current.prefix(count * pixelCount), count: count,
                into: gradient.mutablePrefix(count * pixelCount),
                logits: logits.mutablePrefix(count * classCount)
            ) { logits, lossGradient in
                guard let values = logits.baseAddress, let slopes = lossGradient.baseAddress else {
                    return
                }
                for (position, goal) in goals.enumerated() {
                    let offset = position * classCount
                    loss.gradient(
                        of: values + offset, classCount: classCount, goal: goal,
                        into: slopes + offset)
                }
            }
        } catch {
            throw RobustnessError(.model, error.description)
        }
        gradientEvaluations += count
        // Backwards, because a slot that ends is filled with the last one, which is then done.
        for position in stride(from: count - 1, through: 0, by: -1) {
            if try !stepSlot(position) { removeSlot(position) }
        }
    }

    /// Looks at where a row stands and moves it on; false when it leaves the batch.
    private func stepSlot(_ position: Int) throws(RobustnessError) -> Bool {
        let slot = slots[position]
        let row = slot.row
        let image = current.pointer(at: position * pixelCount)
        records[row].queries += 1
        records[row].gradients += 1
        let logits = logitRow(position)
        if records[row].isCleanCorrect == nil {
            // Without a random start the first point is the clean image.
            try judgeClean(row, logits: logits)
            if records[row].status != nil {
                finishedRows += 1
                return false
            }
        }
        if visit(slot, image: image, logits: logits) { return false }
        let bound = plan.threatModel.norm == .linf ? position * pixelCount : 0
        let hasMoved = ball.advance(
            image, along: gradient.pointer(at: position * pixelCount),
            around: clean + row * pixelCount, lower: lower.pointer(at: bound),
            upper: upper.pointer(at: bound))
        if !hasMoved {
            // The same point would give the same zero again: this start has come to its end.
            records[row].zeroGradients += 1
            close(slot, image: image, logits: logits)
            return false
        }
        slots[position].steps += 1
        guard slots[position].steps == plan.steps else { return true }
        endpoints.pointer(at: ended.count * pixelCount).update(from: image, count: pixelCount)
        ended.append(slots[position])
        return false
    }

    private func removeSlot(_ position: Int) {
        let last = slots.count - 1
        if position != last {
            for buffer in [current, lower, upper] where !buffer.values.isEmpty {
                buffer.pointer(at: position * pixelCount).update(
                    from: buffer.pointer(at: last * pixelCount), count: pixelCount)
            }
            slots[position] = slots[last]
        }
        slots.removeLast()
    }

    /// A forward pass over the latest points that have taken their last step, a batch at most.
    private func judgeEndpoints() throws(RobustnessError) {
        let first = max(0, ended.count - capacity)
        let batch = endpoints.values[(first * pixelCount)..<(ended.count * pixelCount)]
        try forward(UnsafeBufferPointer(rebasing: batch), count: ended.count - first)
        for (position, slot) in ended[first...].enumerated() {
            let image = endpoints.pointer(at: (first + position) * pixelCount)
            let logits = logitRow(position)
            records[slot.row].queries += 1
            if !visit(slot, image: image, logits: logits) {
                close(slot, image: image, logits: logits)
            }
        }
        ended.removeSubrange(first...)
    }
}
