// SPDX-License-Identifier: Apache-2.0

import Reporting
import Robustness

extension EvaluationTable {
    /// What is known of each pair and each model, under `--details`.
    var details: String {
        var blocks = outcome.evaluations.map(pair)
        blocks += outcome.signs.map(signs)
        blocks += outcome.comparisons.isEmpty ? [] : [comparisons]
        blocks += outcome.corruptions.map {
            "\($0.checkpoint), imported corruptions\n\(grid($0.grid))"
        }
        blocks += outcome.verdicts.map(checklist)
        return blocks.joined(separator: "\n\n")
    }

    private func pair(_ evaluation: Evaluation) -> String {
        let rates = evaluation.rates
        var lines = [
            "\(evaluation.checkpoint) on \(evaluation.set) (\(evaluation.access.rawValue), \(evaluation.threatModel.description))",
            "  right when clean \(text(evaluation.cleanAccuracy)); on the example \(text(rates.adversarialAccuracy)); on both \(text(rates.accuracyOnBoth))",
            "  wrong on the example: of all rows \(text(rates.success)); of rows right when clean \(text(rates.successCleanCorrect))",
        ]
        if let all = rates.targetedSuccess, let correct = rates.targetedSuccessCleanCorrect {
            lines.append(
                "  target reached: of all rows \(text(all)); of rows right when clean \(text(correct))"
            )
        }
        let check = evaluation.threatCheck
        lines.append(
            "  distance: mean \(number(check.meanDistance)), largest \(number(check.maximalDistance)); \(check.violations.count) violations, \(check.rejected.count) not finite, \(check.withinTolerance) within tolerance, \(check.unchangedRows) unchanged"
        )
        let margins = evaluation.margins
        lines.append(
            "  gap below \(MarginSummary.fragileGap): \(margins.fragileRows) rows; another class alone: \(margins.unstableRows), in double precision: \(margins.unstableInDouble.map(String.init) ?? "not tried")"
        )
        if !evaluation.quantisation.isEmpty {
            lines.append(
                "  saved and read again: "
                    + evaluation.quantisation.map {
                        "\($0.storage.rawValue) \(NumberText.percent($0.accuracy.value ?? .nan)) (largest \(number($0.maximalDistance)), \($0.violations) beyond)"
                    }.joined(separator: "; "))
        }
        lines += evaluation.hardness.map(hardness) ?? []
        lines += evaluation.stages.map(stages) ?? []
        lines += evaluation.defects.filter { $0.severity == .remark }.map {
            "  remark, \($0.kind.rawValue): \($0.finding)"
        }
        if let matrix = evaluation.targetMatrix { lines.append(targets(matrix)) }
        lines.append(classes(evaluation))
        return lines.joined(separator: "\n")
    }

    private func text(_ rate: Rate) -> String {
        guard rate.total > 0 else { return "not known" }
        return "\(rate.count)/\(rate.total) = \(NumberText.percent(rate.value ?? .nan))"
    }

    private func number(_ value: Double?) -> String {
        value.map { NumberText.short($0) } ?? "-"
    }

    private func hardness(_ hardness: Hardness) -> [String] {
        func line(_ what: String, _ distances: Hardness.Distances) -> String {
            let bound = distances.censored > 0 ? " at least" : ""
            return
                "  smallest change by \(what) (\(hardness.norm.rawValue)): median \(number(distances.median)), mean\(bound) \(number(distances.restrictedMean))"
                + (distances.featureShare.map {
                    " (\(NumberText.percent($0, places: 2)) of features)"
                }
                    ?? "")
                + ", \(distances.censored) of \(distances.rows) censored at \(number(distances.limit))"
        }
        return [line("row", hardness.perRow)]
            + (hardness.perImage.map { [line("image, nearest target", $0)] } ?? [])
    }

    private func stages(_ summary: StageSummary) -> [String] {
        if let corruptions = summary.grid { return [grid(corruptions)] }
        return summary.stages.map {
            let standing = $0.standing.map { ", \($0) rows left" } ?? ""
            return "  \($0.name): broke \($0.broken)\(standing)"
        }
    }

    private func grid(_ grid: CorruptionGrid) -> String {
        var table = TextTable(
            columns: [.init("corruption")]
                + grid.severities.map { .init("severity \($0)", .right) })
        for (kind, row) in zip(grid.kinds, grid.accuracy) {
            table.append([kind] + row.map { NumberText.percent($0?.value ?? .nan) })
        }
        return table.text(width: Console.outputWidth)
            + "  mean over all: \(NumberText.percent(grid.meanAccuracy ?? .nan))"
    }

    /// Per cent of rows turned into each class, then the mean number of features.
    private func targets(_ matrix: TargetMatrix) -> String {
        var table = TextTable(
            columns: [.init("from \\ to, % (features)")]
                + (0..<matrix.classCount).map { .init("\($0)", .right) })
        for (source, cells) in matrix.cells.enumerated() {
            table.append(
                ["\(source)"]
                    + cells.map { cell in
                        guard cell.rows > 0 else { return "" }
                        let share = NumberText.fixed(100 * (cell.success.value ?? 0), places: 0)
                        let features = cell.meanFeatures.map {
                            " (\(NumberText.fixed($0, places: 0)))"
                        }
                        return share + (features ?? "")
                    })
        }
        return table.text(width: Console.outputWidth)
    }

    /// What each class is taken for.
    private func classes(_ evaluation: Evaluation) -> String {
        var table = TextTable(
            columns: [.init("class"), .init("clean", .right)]
                + evaluation.confusion.indices.map { .init("as \($0)", .right) })
        for (label, row) in evaluation.confusion.enumerated() {
            let counts = evaluation.classes[label]
            guard counts.rows > 0 else { continue }
            table.append(
                ["\(label)", "\(counts.cleanCorrect)/\(counts.rows)"] + row.map { "\($0)" })
        }
        return table.text(width: Console.outputWidth)
    }

    private func signs(_ signs: ModelSigns) -> String {
        let masking = signs.masking
        let gap = masking.logitGaps.values
        var lines = [
            "\(signs.checkpoint), on \(masking.rows) clean rows",
            "  gradient exactly zero: cross-entropy \(text(masking.zeroCrossEntropy)), log-odds \(text(masking.zeroLogOdds)); softmax exactly 1: \(text(masking.saturated)); median logit gap \(gap.count == 5 ? NumberText.short(gap[2]) : "-")",
        ]
        if let amplitude = signs.amplitude {
            lines.append(
                "  mean gradient on \(amplitude.images) images: softmax \(number(amplitude.meanSoftmax)) (\(amplitude.softmax.zeros) exactly zero), on some of them \(number(amplitude.meanSoftmaxOnSame)), in double \(number(amplitude.meanSoftmaxInDouble)); log-odds \(number(amplitude.meanLogOdds))"
            )
        }
        if let probe = signs.probe {
            lines.append(
                "  probe at linf \(probe.epsilon) on \(probe.images) images: clean \(NumberText.percent(probe.cleanAccuracy.value ?? .nan)), "
                    + probe.trials.map {
                        "\($0.name) \(NumberText.percent($0.accuracy.value ?? .nan))"
                    }.joined(separator: ", "))
        }
        return lines.joined(separator: "\n")
    }

    private var comparisons: String {
        var table = TextTable(columns: [
            .init("first"), .init("second"), .init("on"), .init("both wrong", .right),
            .init("fixed", .right), .init("newly wrong", .right), .init("neither", .right),
            .init("p", .right),
        ])
        for comparison in outcome.comparisons {
            let on =
                comparison.basis == .sameExamples
                ? comparison.firstSet : "own \(AttackLabel(comparison.attack).text)"
            table.append([
                comparison.first, comparison.second, on, "\(comparison.wrong.both)",
                "\(comparison.fixed)", "\(comparison.newlyWrong)", "\(comparison.wrong.neither)",
                NumberText.short(comparison.wrong.pValue, digits: 2),
            ])
        }
        return table.text(width: Console.outputWidth)
            + "fixed: wrong for the first model, right for the second; p by McNemar's exact test."
    }

    private func checklist(_ verdict: ModelVerdict) -> String {
        var table = TextTable(columns: [.init(verdict.checkpoint), .init(""), .init("why")])
        for item in verdict.checklist {
            table.append([item.question, item.answer.rawValue, item.reason])
        }
        return table.text(width: Console.outputWidth)
    }
}
