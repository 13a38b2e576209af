// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness

extension ReportPage {
    /// Accuracy against epsilon in one norm; nil where no model has more than one budget.
    func securityCurves(_ norm: Norm) -> LineChart? {
        let series = models.prefix(4).enumerated().flatMap { colour, model in
            let own = whiteBox.filter {
                $0.checkpoint == model.name && $0.threatModel.norm == norm && !$0.isTargeted
                    && !$0.isRejected
            }
            return fixedCurves(of: model, own, colour: colour)
                + minimalCurves(of: model, own, colour: colour)
        }
        guard series.contains(where: { $0.points.count > 2 }) else { return nil }
        var chart = LineChart(
            "Accuracy against epsilon, \(norm.rawValue)",
            xAxis: Axis(norm == .l0 ? "features" : "epsilon (\(norm.rawValue), pixels in [0, 1])"),
            yAxis: Axis("accuracy", format: .percent, range: 0...1), series: series)
        chart.plotHeight = 300
        return chart
    }

    /// The attack on each loss that was run at most budgets, and the envelope of all sets.
    private func fixedCurves(
        of model: Checkpoint, _ own: [Evaluation], colour: Int
    ) -> [LineChart.Series] {
        let fixed = own.filter { $0.threatModel.epsilon != nil }
        var series: [LineChart.Series] = []
        for loss in Set(fixed.map { AttackLabel($0.attack).loss }).sorted(by: >) {
            let runs = fixed.filter { AttackLabel($0.attack).loss == loss }
            let methods = Dictionary(grouping: runs) { AttackLabel($0.attack).method }
            guard
                let most = methods.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) })?
                    .value, most.count > 1
            else { continue }
            let clean = LineChart.Point(x: 0, estimate(most[0].cleanAccuracy))
            let points = most.sorted { $0.threatModel.budget < $1.threatModel.budget }.map {
                LineChart.Point(
                    x: $0.threatModel.budget, estimate($0.rates.adversarialAccuracy))
            }
            series.append(
                LineChart.Series(
                    "\(model.name), \(AttackLabel(most[0].attack).text)", [clean] + points,
                    isDashed: loss == "CE", colour: colour))
        }
        if let envelope = envelope(of: model, fixed, colour: colour), fixed.count > 2 {
            series.append(envelope)
        }
        return series
    }

    /// At each budget the rows that no set within it breaks.
    private func envelope(
        of model: Checkpoint, _ fixed: [Evaluation], colour: Int
    ) -> LineChart.Series? {
        guard let rows = fixed.first?.rowIDs, let clean = fixed.first?.cleanAccuracy else {
            return nil
        }
        let sets = fixed.filter { $0.rowIDs == rows && $0.stages?.areConditions != true }
        let models = Set(sets.map(\.threatModel)).sorted { $0.budget < $1.budget }
        guard models.count > 1 else { return nil }
        let points = models.compactMap { threat -> LineChart.Point? in
            let within = sets.filter { $0.threatModel.budget <= threat.budget }
            guard let worst = try? WorstCase(over: within, within: threat) else { return nil }
            return LineChart.Point(x: threat.budget, estimate(worst.accuracy))
        }
        return LineChart.Series(
            "\(model.name), envelope", [LineChart.Point(x: 0, estimate(clean))] + points,
            colour: colour + 4)
    }

    /// Attacks that look for the smallest change give the whole curve.
    private func minimalCurves(
        of model: Checkpoint, _ own: [Evaluation], colour: Int
    ) -> [LineChart.Series] {
        own.filter { $0.threatModel.epsilon == nil }.compactMap { evaluation in
            guard let curve = evaluation.curve, curve.points.count > 1 else { return nil }
            let stride = max(1, curve.points.count / 120)
            let points = curve.points.enumerated().filter {
                $0.offset.isMultiple(of: stride) || $0.offset == curve.points.count - 1
            }.map {
                LineChart.Point(
                    x: $0.element.epsilon, y: $0.element.accuracy.value ?? .nan,
                    band: $0.element.accuracy.interval)
            }
            return LineChart.Series(
                "\(model.name), \(AttackLabel(evaluation.attack).text)", points, colour: colour,
                shape: .steps)
        }
    }
}
