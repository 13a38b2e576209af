// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness

extension ReportPage {
    /// For each model the rows left after each of its sets.
    var waterfallBlocks: [HTMLPage.Block] {
        let charts =
            models.compactMap { model in waterfall(of: model, withinBudget(model)) }
            + outcome.evaluations.compactMap(ensemble)
        guard !charts.isEmpty else { return [] }
        return [
            .figure(
                charts.map(\.halfPage),
                caption:
                    "A row counts as held only if no attack so far broke it. What is left at the bottom is what nobody broke yet, not what nobody can."
            )
        ]
    }

    /// White-box sets of one budget on the same rows, the weakest first.
    private func waterfall(of model: Checkpoint, _ own: [Evaluation]) -> WaterfallChart? {
        guard let rows = own.first?.rowIDs else { return nil }
        let sets = own.filter { $0.rowIDs == rows && !$0.isTargeted }
            .sorted { $0.rates.successCleanCorrect.count < $1.rates.successCleanCorrect.count }
        guard sets.count > 1, let first = sets.first else { return nil }
        var standing = first.outcomes.map(\.isCleanCorrect)
        var steps = [WaterfallChart.Step("right when clean", left: standing.count { $0 })]
        for set in sets {
            standing = zip(standing, set.outcomes).map { $0 && $1.isAdversarialCorrect }
            steps.append(
                WaterfallChart.Step(
                    AttackLabel(set.attack).text, left: standing.count { $0 }))
        }
        return WaterfallChart(
            "\(model.name): rows left, \(budget?.description ?? "")", total: rows.count,
            steps: steps)
    }

    /// An attack made of several, stage by stage.
    private func ensemble(_ evaluation: Evaluation) -> WaterfallChart? {
        guard evaluation.access == .whiteBox, let stages = evaluation.stages?.stages,
            stages.allSatisfy({ $0.standing != nil })
        else { return nil }
        let first = WaterfallChart.Step(
            "right when clean", left: evaluation.cleanAccuracy.count)
        return WaterfallChart(
            "\(evaluation.checkpoint): stages of \(evaluation.set)", total: evaluation.rows,
            steps: [first] + stages.map { .init($0.name, left: $0.standing ?? 0) })
    }

    /// How far rows have to be changed, as shares broken within a distance.
    var distanceBlocks: [HTMLPage.Block] {
        let minimal = whiteBox.filter { $0.hardness != nil }
        let charts = Norm.allCases.compactMap { norm -> LineChart? in
            let own = minimal.filter { $0.threatModel.norm == norm }
            guard !own.isEmpty else { return nil }
            return LineChart(
                "Rows broken within a distance, \(norm.rawValue)",
                xAxis: Axis(norm == .l0 ? "features changed" : "\(norm.rawValue) distance"),
                yAxis: Axis("rows broken", format: .percent, range: 0...1),
                series: own.prefix(8).enumerated().compactMap { index, evaluation in
                    curve(evaluation, colour: index)
                })
        }
        guard !charts.isEmpty else { return [] }
        return [
            .figure(
                charts,
                caption:
                    "Of rows right when clean, by the smallest change that an attack found (an image with several targets counts with its nearest). A curve that ends below 100 % in a tick has rows that the attack did not break up to there; they count as further away, not as safe."
            ),
            .table(hardnessTable(minimal)),
        ]
    }

    private func curve(_ evaluation: Evaluation, colour: Int) -> LineChart.Series? {
        guard let hardness = evaluation.hardness else { return nil }
        let distances = hardness.perImage ?? hardness.perRow
        guard distances.rows > 0 else { return nil }
        let steps = distances.survival.steps
        let stride = max(1, steps.count / 120)
        var points = [LineChart.Point(x: 0, y: 0)]
        for (index, step) in steps.enumerated()
        where index.isMultiple(of: stride) || index == steps.count - 1 {
            points.append(LineChart.Point(x: step.distance, y: 1 - step.survival))
        }
        var censored: [LineChart.Point] = []
        if distances.censored > 0, let limit = distances.limit, let last = points.last {
            censored = [LineChart.Point(x: max(limit, last.x), y: last.y)]
            points += censored
        }
        return LineChart.Series(
            "\(evaluation.checkpoint), \(AttackLabel(evaluation.attack).text)", points,
            isDashed: colour % 2 == 1, colour: colour, shape: .steps, censored: censored)
    }

    private func hardnessTable(_ evaluations: [Evaluation]) -> HTMLTable {
        HTMLTable(
            columns: [
                .init("model"), .init("attack"), .init("broken", .right), .init("median", .right),
                .init("mean of broken", .right), .init("mean, unbroken at the limit", .right),
            ],
            rows: evaluations.compactMap { evaluation in
                guard let hardness = evaluation.hardness else { return nil }
                let own = hardness.perImage ?? hardness.perRow
                func text(_ value: Double?) -> HTMLTable.Cell {
                    HTMLTable.Cell(value.map { NumberText.short($0, digits: 3) } ?? "-")
                }
                return [
                    HTMLTable.Cell(evaluation.checkpoint),
                    HTMLTable.Cell(
                        AttackLabel(evaluation.attack).text,
                        detail: evaluation.threatModel.norm.rawValue),
                    HTMLTable.Cell("\(own.broken) of \(own.rows)"), text(own.median),
                    text(own.meanOfBroken),
                    HTMLTable.Cell(
                        (own.censored > 0 ? "≥ " : "") + text(own.restrictedMean).text,
                        detail: own.featureShare.map { NumberText.percent($0) + " of features" }
                            ?? ""),
                ]
            },
            caption: "Smallest changes found. The last column is rho_adv, or a lower bound of it.")
    }
}
