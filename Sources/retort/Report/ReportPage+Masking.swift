// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness

extension ReportPage {
    /// Cross entropy beside log-odds, the gradients that vanish, and how confident the models are.
    var maskingBlocks: [HTMLPage.Block] {
        var blocks: [HTMLPage.Block] = [
            .paragraph(
                "The cross entropy of a confident model underflows: its gradient becomes exactly zero, and an attack that follows it stands still. The log-odds have the same direction and never vanish. Where the two disagree, the model hides its gradient and withstands nothing."
            )
        ]
        if !lossChart.groups.isEmpty {
            blocks.append(
                .figure(
                    [lossChart],
                    caption: RichText(
                        "Every bar is a set made against the model itself, within \(budget?.description ?? "-")."
                    )))
        }
        if gapChart.rows.contains(where: { $0.counts.contains { $0 > 0 } }) {
            blocks.append(
                .figure(
                    [gapChart],
                    caption:
                        "How far the largest logit is ahead on clean rows; the area of a block is its share. Right of the line the cross entropy has no gradient left in single precision."
                ))
        }
        if let chart = amplitudeChart {
            blocks.append(.figure([chart], caption: Self.amplitudeCaption))
        }
        blocks.append(.table(signTable))
        if let probes = probeTable { blocks.append(.table(probes)) }
        // The first of each model say it; a store with many sets has hundreds.
        func warnings(_ chosen: (ModelVerdict) -> ArraySlice<String>) -> [HTMLPage.Block] {
            outcome.verdicts.flatMap { verdict in
                chosen(verdict).map { finding -> HTMLPage.Block in
                    .warning(RichText("\(verdict.checkpoint): \(finding)"))
                }
            }
        }
        blocks += warnings { $0.warnings.prefix(2) }
        let others = warnings { $0.warnings.dropFirst(2) }
        if !others.isEmpty { blocks.append(.folded("\(others.count) more signs", others)) }
        return blocks
    }

    private var lossChart: BarChart {
        var labels: [AttackLabel] = []
        for label in models.flatMap(withinBudget).map({ AttackLabel($0.attack) })
        where !labels.contains(label) && labels.count < 6 {
            labels.append(label)
        }
        let groups = models.filter { !withinBudget($0).isEmpty }.map { model in
            let own = withinBudget(model)
            return BarChart.Group(
                model.name,
                labels.map { label in
                    own.first { AttackLabel($0.attack) == label }
                        .map { estimate($0.rates.adversarialAccuracy) }
                })
        }
        return BarChart(
            "Accuracy under attacks on cross entropy and on log-odds",
            axis: Axis("accuracy", format: .percent, range: 0...1),
            seriesNames: labels.map(\.text), groups: groups)
    }

    private var gapChart: HistogramChart {
        let inner = MaskingSigns.gapEdges
        let edges = [inner[0] / 3] + inner + [inner[inner.count - 1] * 3]
        var chart = HistogramChart(
            "Logit gap on clean rows", axis: Axis(logitGapLabel, scale: .logarithmic),
            edges: edges,
            rows: outcome.signs.map { signs in
                let histogram = signs.masking.gapHistogram
                let quantiles = signs.masking.logitGaps.values
                return .init(
                    signs.checkpoint,
                    [histogram.zeros + histogram.below] + histogram.counts + [histogram.above],
                    median: quantiles.count == 5 ? quantiles[2] : nil)
            }, marks: [vanishingMark])
        (chart.isOpenBelow, chart.isOpenAbove) = (true, true)
        return chart
    }

    private var signTable: HTMLTable {
        HTMLTable(
            columns: [
                .init("model"), .init("clean rows", .right), .init("CE gradient exactly 0", .right),
                .init("log-odds gradient exactly 0", .right), .init("softmax exactly 1", .right),
                .init("median logit gap", .right), .init("mean |dF/dx|", .right),
                .init("mean |d log-odds/dx|", .right),
            ],
            rows: outcome.signs.map { signs in
                let (masking, gaps) = (signs.masking, signs.masking.logitGaps.values)
                func size(_ value: Double?) -> HTMLTable.Cell {
                    HTMLTable.Cell(value.map { NumberText.short($0, digits: 3) } ?? "-")
                }
                return [
                    HTMLTable.Cell(signs.checkpoint),
                    HTMLTable.Cell(NumberText.count(masking.rows)),
                    HTMLTable.Cell(estimate(masking.zeroCrossEntropy)),
                    HTMLTable.Cell(estimate(masking.zeroLogOdds)),
                    HTMLTable.Cell(estimate(masking.saturated)),
                    HTMLTable.Cell(NumberText.fixed(gaps.count == 5 ? gaps[2] : .nan)),
                    size(signs.amplitude?.meanSoftmax), size(signs.amplitude?.meanLogOdds),
                ]
            }, caption: "Signs of a masked gradient, on clean rows in single precision.")
    }

    /// A quick look along several losses, whatever sets are stored.
    private var probeTable: HTMLTable? {
        let probes = outcome.signs.compactMap { signs in
            signs.probe.map { (signs.checkpoint, $0) }
        }
        guard let first = probes.first else { return nil }
        let names = first.1.trials.map(\.name)
        return HTMLTable(
            columns: [.init("model"), .init("clean", .right)] + names.map { .init($0, .right) },
            rows: probes.map { model, probe in
                [HTMLTable.Cell(model), HTMLTable.Cell(estimate(probe.cleanAccuracy))]
                    + names.map { name in
                        probe.trials.first { $0.name == name }
                            .map { HTMLTable.Cell(estimate($0.accuracy)) } ?? "-"
                    }
            },
            caption: RichText(
                "A probe of few steps within linf \(first.1.epsilon) on \(first.1.images) clean rows: accuracy left. From left to right it should fall."
            ))
    }
}
