// SPDX-License-Identifier: Apache-2.0

extension SearchEngine {
    /// Runs the clean images through the model, for targets and to leave out rows that are
    /// misclassified as they are.
    func judgeCleanRows() throws(RobustnessError) {
        for first in stride(from: 0, to: records.count, by: capacity) {
            let count = min(capacity, records.count - first)
            try batch.forward(clean + first * pixelCount, count: count)
            for position in 0..<count {
                records[first + position].queries += 1
                try judgeClean(first + position, logits: batch.answer(position).logits)
            }
        }
    }

    /// Notes what the model says of the clean image and sets the row's target.
    func judgeClean(_ row: Int, logits: LogitRow) throws(RobustnessError) {
        guard let prediction = logits.prediction else {
            throw RobustnessError(
                .model,
                "the model's logits of the clean row \(records[row].rowID) are not finite")
        }
        records[row].isCleanCorrect = prediction == records[row].label
        records[row].cleanLogits = Array(
            UnsafeBufferPointer(start: logits.values, count: classCount))
        records[row].margin = logits.margin(of: records[row].label)
        if plan.looksFirst { setTarget(of: row, leastLikely: logits.leastLikely) }
        if records[row].isCleanCorrect == false, !plan.includesMisclassified,
            records[row].status == nil
        {
            keepClean(row, status: .alreadyMisclassified)
        }
    }

    func setTargets() {
        for row in records.indices { setTarget(of: row, leastLikely: 0) }
    }

    private func setTarget(of row: Int, leastLikely: Int) {
        let record = records[row]
        if record.target == nil {
            records[row].target = plan.target.resolve(
                label: record.label, classCount: classCount, row: record.rowID, seed: plan.seed,
                leastLikely: leastLikely)
        }
        if records[row].target == record.label { keepClean(row, status: .skipped) }
    }

    /// Writes down what a search found.
    func finish(_ active: ActiveSearch<Search>) {
        let row = active.row
        finishedRows += 1
        guard records[row].status == nil else { return }
        let finding = active.search.finding
        records[row].sawZeroGradient = finding.sawZeroGradient
        records[row].stage = finding.stage
        if let margin = finding.margin { records[row].margin = margin }
        let status = records[row].isCleanCorrect == false ? .alreadyMisclassified : finding.status
        guard let example = finding.example else { return keepClean(row, status: status) }
        precondition(example.count == pixelCount)
        example.withUnsafeBufferPointer { pixels in
            (adversarial + row * pixelCount).update(
                from: pixels.baseAddress.unsafelyUnwrapped, count: pixelCount)
        }
        records[row].status = status
    }

    private func keepClean(_ row: Int, status: AdversarialResult.Status) {
        (adversarial + row * pixelCount).update(
            from: clean + row * pixelCount, count: pixelCount)
        records[row].status = status
    }
}

extension ActiveSearch {
    /// Gradients the search asks for; 0 where it asks for logits alone.
    var seedCount: Int {
        if case .gradients(let count)? = question { count } else { 0 }
    }
}
