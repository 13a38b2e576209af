// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness

extension ReportPage {
    /// The table of every model on every set of the shared budget, and the curves over epsilon.
    var accuracyBlocks: [HTMLPage.Block] {
        var blocks: [HTMLPage.Block] = [.table(accuracyTable)]
        let curves = Norm.allCases.compactMap(securityCurves)
        if !curves.isEmpty {
            blocks.append(
                .figure(
                    curves,
                    caption:
                        "Sets made against the model itself. Straight lines join attacks at fixed budgets, solid on the log-odds and dashed on the cross entropy; the envelope (hollow marks) counts a row as held only if no stored set within the budget breaks it; steps come from attacks that look for the smallest change. Bands are 95 % intervals. A curve that does not reach zero says that larger budgets were not tried, or that the attacks did not work."
                ))
        }
        let worst = outcome.worstCases.filter { $0.threatModel == budget }
        blocks += worst.map { .note(RichText(EvaluationTable.verdict($0))) }
        if let table = comparisonTable {
            blocks.append(.folded("Models in pairs", [.table(table)]))
        }
        blocks += defectBlocks
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

    /// Rows that one model of a pair gets wrong and the other does not.
    private var comparisonTable: HTMLTable? {
        let pairs = outcome.comparisons.filter { comparison in
            comparison.basis == .ownExamples
                && outcome.evaluations.contains {
                    $0.set == comparison.firstSet && $0.threatModel == budget
                }
        }
        guard !pairs.isEmpty else { return nil }
        return HTMLTable(
            columns: [
                .init("models"), .init("attack"), .init("both wrong", .right),
                .init("only the first", .right), .init("only the second", .right),
                .init("neither", .right), .init("p", .right),
            ],
            rows: pairs.map { pair in
                [
                    HTMLTable.Cell("\(pair.first), \(pair.second)"),
                    HTMLTable.Cell(AttackLabel(pair.attack).text),
                    HTMLTable.Cell(NumberText.count(pair.wrong.both)),
                    HTMLTable.Cell(NumberText.count(pair.wrong.onlyFirst)),
                    HTMLTable.Cell(NumberText.count(pair.wrong.onlySecond)),
                    HTMLTable.Cell(NumberText.count(pair.wrong.neither)),
                    HTMLTable.Cell(NumberText.short(pair.wrong.pValue, digits: 2)),
                ]
            },
            caption:
                "Each model on its own examples of one attack, row by row; p of McNemar's exact test."
        )
    }

    /// Sets that are not what they claim, and pairs that could not be judged.
    private var defectBlocks: [HTMLPage.Block] {
        var lines: [String] = []
        for evaluation in outcome.evaluations {
            for defect in evaluation.defects where defect.severity >= .violation {
                let line = "\(evaluation.set): \(defect.finding)"
                if !lines.contains(line) { lines.append(line) }
            }
        }
        lines += outcome.refusals.filter { !$0.isSkipped }.map {
            "\($0.set) was not judged: \($0.defect.finding)"
        }
        return lines.prefix(8).map { .warning(RichText($0)) }
    }
}
