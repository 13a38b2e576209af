// SPDX-License-Identifier: Apache-2.0

import Reporting
import Robustness

extension SweepPictures {
    /// One row for each temperature, the published value beside ours.
    var table: HTMLTable {
        var rows: [[HTMLTable.Cell]] = []
        if let baseline = sweep.baseline {
            rows.append(row("undistilled", baseline, published: sweep.published?.baseline))
        }
        rows += sweep.temperatures.map {
            row(
                NumberText.short($0.temperature), $0.student, published: $0.publishedSuccess)
        }
        return HTMLTable(
            columns: [
                .init("T", .right), .init("test accuracy", .right),
                .init("JSMA as published", .right), .init("JSMA", .right),
                .init("features", .right), .init("JSMA on z/T", .right),
                .init("accuracy, PGD on CE", .right), .init("accuracy, PGD on log-odds", .right),
                .init("C&W", .right), .init("mean l2", .right), .init("CE gradient 0", .right),
            ], rows: rows,
            caption: RichText(
                "\(sweep.architecture) on \(sweep.data), sweep '\(sweep.prefix)'. JSMA and C&W: attacks that succeed; PGD: accuracy that is left."
            ))
    }

    private func row(
        _ name: String, _ model: SweepResults.Model, published: Double?
    ) -> [HTMLTable.Cell] {
        func cell(_ estimate: Estimate?) -> HTMLTable.Cell {
            estimate.map { HTMLTable.Cell($0.percent, detail: $0.interval) } ?? "-"
        }
        func accuracy(_ ball: SweepResults.InBall?) -> HTMLTable.Cell {
            cell(ball.map { estimate($0.adversarialAccuracy) })
        }
        return [
            HTMLTable.Cell(name),
            HTMLTable.Cell(NumberText.percent(model.testAccuracy ?? .nan)),
            HTMLTable.Cell(NumberText.percent(published ?? .nan, places: 2)),
            cell(model.jsma?.estimate),
            HTMLTable.Cell(NumberText.fixed(model.jsma?.meanFeatures ?? .nan)),
            cell(model.scaledJSMA?.estimate), accuracy(model.crossEntropyPGD),
            accuracy(model.logOddsPGD), cell(model.carliniWagner.map { estimate($0.success) }),
            HTMLTable.Cell(
                NumberText.fixed(model.carliniWagner?.meanDistance ?? .nan, places: 2)),
            HTMLTable.Cell(NumberText.percent(model.gradients?.zeroCrossEntropy.value ?? .nan)),
        ]
    }
}
