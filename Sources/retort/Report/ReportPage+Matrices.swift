// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Reporting
import Robustness

extension ReportPage {
    /// Sets made on one model and judged by another; empty for a single model.
    var transferBlocks: [HTMLPage.Block] {
        guard let label = transferLabel else { return [] }
        let sources = models.filter { source in
            withinBudget(source).contains { AttackLabel($0.attack) == label }
        }
        guard sources.count > 1 else { return [] }
        let values = sources.map { source in
            let set = withinBudget(source).first { AttackLabel($0.attack) == label }?.set
            return models.map { judge in
                outcome.evaluations.first { $0.set == set && $0.checkpoint == judge.name }?
                    .rates.adversarialAccuracy.value
            }
        }
        let matrix = HeatMap(
            "Transfer: accuracy under \(label.text)", rowAxis: "made on", columnAxis: "judged by",
            rowNames: sources.map(\.name), columnNames: models.map(\.name), values: values,
            fullScale: 1)
        return [
            .figure(
                [matrix],
                caption: RichText(
                    "Each row is one set within \(budget?.description ?? "-"). The diagonal is white-box. Where another model's set breaks more than a model's own, the own attack followed a masked gradient."
                ))
        ]
    }

    /// The attack that most models have a set of, on log-odds where there is a choice.
    private var transferLabel: AttackLabel? {
        var counts: [AttackLabel: Int] = [:]
        for evaluation in models.flatMap(withinBudget) where !evaluation.isTargeted {
            counts[AttackLabel(evaluation.attack), default: 0] += 1
        }
        return counts.max { left, right in
            rank(left) < rank(right)
        }?.key
        func rank(_ entry: (key: AttackLabel, value: Int)) -> (Int, Int, Int, String) {
            let isIterative = entry.key.method.hasPrefix("FGSM") ? 0 : 1
            return (
                entry.value, entry.key.loss == "log-odds" ? 1 : 0, isIterative, entry.key.text
            )
        }
    }

    /// Where the examples of each class go, for the set that breaks most of each model.
    var confusionBlocks: [HTMLPage.Block] {
        let maps = models.prefix(4).compactMap { model -> HeatMap? in
            guard let evaluation = mostBreaking(withinBudget(model)) else { return nil }
            let names = classNames(evaluation.confusion.count)
            var map = HeatMap(
                "\(model.name): \(AttackLabel(evaluation.attack).text)", rowAxis: "label",
                columnAxis: "prediction on the example", rowNames: names, columnNames: names,
                values: evaluation.confusion.map { row in
                    let sum = row.reduce(0, +)
                    return row.map { sum == 0 ? nil : Double($0) / Double(sum) }
                }, fullScale: 1)
            map.width = SVG.halfPageWidth
            return map
        }
        guard !maps.isEmpty, maps[0].rowNames.count <= 20 else { return [] }
        return [
            .figure(
                maps,
                caption:
                    "Of the rows of each class, where the model puts their adversarial examples: rows add up to 100 %. A full column is a class that everything is pushed into."
            )
        ]
    }

    /// Accuracy by corruption and severity.
    var corruptionBlocks: [HTMLPage.Block] {
        var grids = outcome.corruptions.map {
            (name: "\($0.checkpoint) on imported sets", grid: $0.grid)
        }
        for evaluation in outcome.evaluations {
            guard let grid = evaluation.stages?.grid else { continue }
            grids.append((name: "\(evaluation.checkpoint) on \(evaluation.set)", grid: grid))
        }
        let maps = grids.map { name, grid -> HeatMap in
            var map = HeatMap(
                name, rowAxis: "corruption",
                columnAxis: "severity", rowNames: grid.kinds,
                columnNames: grid.severities.map(String.init),
                values: grid.accuracy.map { $0.map { $0?.value } }, fullScale: 1)
            map.width = SVG.halfPageWidth
            return map
        }
        guard !maps.isEmpty else { return [] }
        let means = grids.compactMap { name, grid in
            grid.meanAccuracy.map { "\(name): \(NumberText.percent($0))" }
        }
        return [
            .figure(
                Array(maps.prefix(6)),
                caption: RichText(
                    "Accuracy on corrupted images; nobody chose them to harm. Means over all pairs: \(means.joined(separator: "; "))."
                ))
        ]
    }

    /// The evaluation with most rows broken; nil where no row was.
    func mostBreaking(_ evaluations: [Evaluation]) -> Evaluation? {
        evaluations.filter { $0.rates.successCleanCorrect.count > 0 }
            .max { $0.rates.successCleanCorrect.count < $1.rates.successCleanCorrect.count }
    }
}
