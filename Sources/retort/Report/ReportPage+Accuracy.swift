// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness

extension ReportPage {
    /// The table of every model on every set of the shared budget, and the curves over epsilon.
    var accuracyBlocks: [HTMLPage.Block] {
        var blocks: [HTMLPage.Block] = [.table(accuracyTable)]
        let chart = curveChart
        if chart.series.contains(where: { $0.points.count > 2 }) {
            blocks.append(
                .drawing(
                    chart.svg(),
                    caption:
                        "Accuracy of each model under sets made against itself. Solid: attacks on the log-odds; dashed: the same attacks on the cross entropy. Bands are 95 % intervals."
                ))
        }
        let worst = outcome.worstCases.filter { $0.threatModel == budget }
        blocks += worst.map { .note(RichText(EvaluationTable.verdict($0))) }
        return blocks
    }

    private var accuracyTable: HTMLTable {
        let shown = outcome.evaluations.filter { $0.threatModel == budget }
        var table = HTMLTable(
            columns: [.init("set"), .init("attack")]
                + models.map { .init("on \($0.name)", .right) },
            rows: [],
            caption: RichText(
                "Accuracy over all rows within \(budget?.description ?? "-"), with 95 % intervals. White-box: the set was made against that very model; everything else is transfer."
            ))
        var clean: [HTMLTable.Cell] = ["(clean rows)", "none"]
        for model in models {
            let first = shown.first { $0.checkpoint == model.name }
            clean.append(first.map { HTMLTable.Cell(estimate($0.cleanAccuracy)) } ?? "-")
        }
        table.rows.append(clean)
        var sets: [String] = []
        for evaluation in shown where !sets.contains(evaluation.set) { sets.append(evaluation.set) }
        for set in sets {
            let here = shown.filter { $0.set == set }
            var row = [
                HTMLTable.Cell(set), HTMLTable.Cell(AttackLabel(here.first?.attack ?? "").text),
            ]
            for model in models {
                guard let evaluation = here.first(where: { $0.checkpoint == model.name }) else {
                    row.append("-")
                    continue
                }
                let value = estimate(evaluation.rates.adversarialAccuracy)
                row.append(
                    HTMLTable.Cell(
                        value.percent, detail: "\(value.interval) \(evaluation.access.rawValue)",
                        share: value.value))
            }
            table.rows.append(row)
        }
        return table
    }

    /// Accuracy against epsilon for the attack that was run at most budgets.
    private var curveChart: LineChart {
        var series: [LineChart.Series] = []
        for (colour, model) in models.enumerated() {
            let own = whiteBox.filter {
                $0.checkpoint == model.name && $0.threatModel.norm == budget?.norm
            }
            for loss in ["log-odds", "CE"] {
                let runs = own.filter { AttackLabel($0.attack).loss == loss }
                let methods = Dictionary(grouping: runs) { AttackLabel($0.attack).method }
                guard let most = methods.values.max(by: { $0.count < $1.count }), most.count > 1
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
        }
        return LineChart(
            "Accuracy against epsilon",
            xAxis: Axis("epsilon (\(budget?.norm.rawValue ?? "linf"), pixels in [0, 1])"),
            yAxis: Axis("accuracy", format: .percent, range: 0...1), series: series)
    }

    /// Cross entropy beside log-odds, and the gradients that vanish.
    var maskingBlocks: [HTMLPage.Block] {
        var labels: [AttackLabel] = []
        for evaluation in whiteBox.filter({ $0.threatModel == budget }) {
            let label = AttackLabel(evaluation.attack)
            if !labels.contains(label) { labels.append(label) }
        }
        let groups = models.map { model in
            let own = withinBudget(model)
            return BarChart.Group(
                model.name,
                labels.map { label in
                    own.first { AttackLabel($0.attack) == label }
                        .map { estimate($0.rates.adversarialAccuracy) }
                })
        }
        let chart = BarChart(
            "Accuracy under attacks on cross entropy and on log-odds",
            axis: Axis("accuracy", format: .percent, range: 0...1), seriesNames: labels.map(\.text),
            groups: groups)
        var table = HTMLTable(
            columns: [
                .init("model"), .init("rows with CE gradient exactly 0", .right),
                .init("rows with log-odds gradient exactly 0", .right),
                .init("median logit gap", .right),
            ], rows: [])
        var findings: [HTMLPage.Block] = []
        for model in models {
            guard let masking = withinBudget(model).first?.masking else { continue }
            table.rows.append([
                HTMLTable.Cell(model.name), HTMLTable.Cell(estimate(masking.zeroCrossEntropy)),
                HTMLTable.Cell(estimate(masking.zeroLogOdds)),
                HTMLTable.Cell(
                    NumberText.fixed(
                        masking.logitGaps.values.count == 5 ? masking.logitGaps.values[2] : .nan)),
            ])
            findings += masking.findings.map { .warning(RichText("\(model.name): \($0)")) }
        }
        return [
            .paragraph(
                "The cross entropy of a confident model underflows: its gradient becomes exactly zero, and an attack that follows it stands still. The log-odds have the same direction and never vanish. Where the two disagree, the model hides its gradient and withstands nothing."
            ),
            .drawing(chart.svg(), caption: "Every bar is a set made against the model itself."),
            .table(table),
        ] + findings
    }
}
