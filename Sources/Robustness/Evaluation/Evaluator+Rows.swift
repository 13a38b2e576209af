// SPDX-License-Identifier: Apache-2.0

import Tensors

extension Evaluator {
    /// Predictions on clean images and examples, and each row's check against the threat model.
    func judgeRows() throws(RobustnessError) -> ([RowOutcome], ThreatCheck) {
        var outcomes: [RowOutcome] = []
        outcomes.reserveCapacity(set.count)
        var tally = Tally(threatModel: set.threatModel)
        for first in stride(from: 0, to: set.count, by: capacity) {
            let rows = first..<min(first + capacity, set.count)
            set.clean.copyPixels(rows, to: images.pointer(at: 0))
            set.adversarial.copyPixels(rows, to: examples.pointer(at: 0))
            try forward(images, count: rows.count)
            let cleanPredictions = rows.indices.map { logitRow($0 - first).prediction }
            try forward(examples, count: rows.count)
            for (position, row) in rows.enumerated() {
                let logits = logitRow(position)
                let check = RowCheck(
                    clean: images.pointer(at: position * set.pixelCount),
                    adversarial: examples.pointer(at: position * set.pixelCount),
                    count: set.pixelCount, norm: set.threatModel.norm)
                let prediction = check.isFinite ? logits.prediction : nil
                let isAdmissible = tally.add(
                    check, rowID: set.rowIDs[row], hasFiniteLogits: prediction != nil)
                outcomes.append(
                    RowOutcome(
                        label: set.labels[row], target: set.targets[row],
                        cleanPrediction: cleanPredictions[position], storedPrediction: prediction,
                        isAdmissible: isAdmissible,
                        gap: prediction == nil ? .nan : logits.gap, distance: check.distance))
            }
        }
        return (outcomes, tally.result(valueCount: set.pixelCount))
    }

    /// How many fragile rows are classified otherwise when their example is run alone.
    func unstableRows(_ outcomes: [RowOutcome]) throws(RobustnessError) -> Int {
        var unstable = 0
        for (row, outcome) in outcomes.enumerated() where outcome.gap < MarginSummary.fragileGap {
            set.adversarial.copyPixels(row..<(row + 1), to: examples.pointer(at: 0))
            try forward(examples, count: 1)
            if logitRow(0).prediction != outcome.storedPrediction { unstable += 1 }
        }
        return unstable
    }
}

/// Adds up what the checks of single rows found.
private struct Tally {
    let threatModel: ThreatModel
    private var violations: [ThreatCheck.Violation] = []
    private var rejected: [ThreatCheck.Violation] = []
    private var distances: [Double] = []
    private var withinTolerance = 0
    private var unchanged = 0
    private var saturated = 0

    init(threatModel: ThreatModel) {
        self.threatModel = threatModel
    }

    /// Whether the row counts as attacked.
    mutating func add(_ check: RowCheck, rowID: Int, hasFiniteLogits: Bool) -> Bool {
        guard check.isFinite, hasFiniteLogits else {
            let what = check.isFinite ? "logits" : "pixels"
            rejected.append(.init(rowID: rowID, reason: "\(what) that are not finite"))
            return false
        }
        distances.append(check.distance)
        unchanged += check.isUnchanged ? 1 : 0
        saturated += check.saturated
        if let reason = check.violation(of: threatModel) {
            violations.append(.init(rowID: rowID, reason: reason))
            return false
        }
        let bound = threatModel.epsilon?.valueRoundedDown ?? .infinity
        withinTolerance += check.distance > bound ? 1 : 0
        return true
    }

    func result(valueCount: Int) -> ThreatCheck {
        let values = distances.count * valueCount
        return ThreatCheck(
            violations: violations, rejected: rejected, withinTolerance: withinTolerance,
            maximalDistance: distances.max(),
            meanDistance: distances.isEmpty
                ? nil : distances.reduce(0, +) / Double(distances.count),
            unchangedRows: unchanged,
            saturatedShare: values == 0 ? 0 : Double(saturated) / Double(values))
    }
}
