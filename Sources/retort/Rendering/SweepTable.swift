// SPDX-License-Identifier: Apache-2.0

import Reporting
import Robustness

/// A sweep as text.
struct SweepTable {
    let results: SweepResults

    init(_ results: SweepResults) {
        self.results = results
    }

    func text() -> String {
        var lines = [
            "\(results.data), \(results.architecture), "
                + "\(results.epochs.map(String.init) ?? "?") epochs a net:"
        ]
        lines.append(successTable + gradientTable + notes.joined(separator: "\n"))
        return lines.joined(separator: "\n")
    }

    /// The nets by name: T, then the model, then what the founding notes print.
    private var nets:
        [(name: String, model: SweepResults.Model, teacher: Double?, published: Double?)]
    {
        let base = results.baseline.map {
            [("none", $0, Double?.none, results.published?.baseline)]
        }
        return (base ?? [])
            + results.temperatures.map {
                (
                    "T = " + NumberText.short($0.temperature), $0.student, $0.teacherAccuracy,
                    $0.publishedSuccess
                )
            }
    }

    private var successTable: String {
        var table = TextTable(columns: [
            .init("distilled at"), .init("clean", .right), .init("teacher", .right),
            .init("JSMA", .right), .init("published", .right), .init("features", .right),
            .init("JSMA at z/T", .right), .init("PGD CE", .right), .init("PGD log-odds", .right),
            .init("C&W", .right), .init("mean l2", .right),
        ])
        for net in nets {
            table.append([
                net.name, percent(net.model.testAccuracy), percent(net.teacher),
                net.model.jsma?.estimate.percentWithInterval ?? "-", percent(net.published),
                NumberText.fixed(net.model.jsma?.meanFeatures ?? .nan),
                net.model.scaledJSMA?.estimate.percentWithInterval ?? "-",
                percent(net.model.crossEntropyPGD?.adversarialAccuracy.value),
                percent(net.model.logOddsPGD?.adversarialAccuracy.value),
                percent(net.model.carliniWagner?.success.value),
                NumberText.fixed(net.model.carliniWagner?.meanDistance ?? .nan, places: 2),
            ])
        }
        return table.text(width: Console.outputWidth)
    }

    private var gradientTable: String {
        var table = TextTable(columns: [
            .init("distilled at"), .init("hardness", .right), .init("not reached", .right),
            .init("|dF/dx|", .right), .init("|d log-odds/dx|", .right),
            .init("CE grad = 0", .right), .init("logit gap", .right), .init("sum |z|", .right),
        ])
        for net in nets {
            let hardness = net.model.jsma?.hardness
            let gradients = net.model.gradients
            table.append([
                net.name, percent(hardness?.meanReached, places: 2),
                hardness.map { NumberText.count($0.censored) } ?? "-",
                NumberText.short(gradients?.probabilityAmplitude ?? .nan, digits: 3),
                NumberText.short(gradients?.logOddsAmplitude ?? .nan, digits: 3),
                percent(gradients?.zeroCrossEntropy.value),
                NumberText.fixed(gradients?.meanGap ?? .nan),
                NumberText.fixed(gradients?.meanLogitNorm ?? .nan),
            ])
        }
        return table.text(width: Console.outputWidth)
    }

    private var notes: [String] {
        var lines = [
            "JSMA: attacks that reached their target, with a 95 % interval over sources; PGD: accuracy that is left;",
            "C&W: rows broken. Hardness: features to change for the easiest target, of sources that were reached.",
            "CE grad = 0: rows whose cross-entropy gradient is exactly zero. Where JSMA and CE fail and z/T and",
            "log-odds do not, the gradient is hidden; the net does not withstand the attack.",
        ]
        if let spearman = results.spearman {
            var line =
                "Spearman's correlation of T with JSMA success is \(NumberText.fixed(spearman, places: 2))"
            if let scaled = results.scaledSpearman {
                line += ", at z/T \(NumberText.fixed(scaled, places: 2))"
            }
            lines.append(line + ".")
        }
        return lines
    }

    private func percent(_ share: Double?, places: Int = 1) -> String {
        NumberText.percent(share ?? .nan, places: places)
    }
}
