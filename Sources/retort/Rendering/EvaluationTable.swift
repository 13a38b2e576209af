// SPDX-License-Identifier: Apache-2.0

import Reporting
import Robustness

/// Evaluations as text.
struct EvaluationTable {
    let outcome: OfflineEvaluation.Outcome

    init(_ outcome: OfflineEvaluation.Outcome) {
        self.outcome = outcome
    }

    /// Every model on every set, then what may be said of each model.
    func text() -> String {
        var table = TextTable(columns: [
            .init("set"), .init("attack"), .init("threat"), .init("model"), .init("access"),
            .init("rows", .right), .init("clean", .right), .init("adversarial", .right),
            .init("broken", .right), .init("CE grad = 0", .right),
        ])
        var lastSet: String?
        for evaluation in outcome.evaluations {
            if let lastSet, lastSet != evaluation.set { table.appendRule() }
            let isNew = evaluation.set != lastSet
            lastSet = evaluation.set
            table.append([
                isNew ? evaluation.set : "", isNew ? AttackLabel(evaluation.attack).text : "",
                isNew ? evaluation.threatModel.description : "", evaluation.checkpoint,
                evaluation.access.rawValue, NumberText.count(evaluation.rows),
                NumberText.percent(evaluation.cleanAccuracy.value ?? .nan),
                adversarial(evaluation),
                NumberText.percent(evaluation.rates.successCleanCorrect.value ?? .nan),
                NumberText.percent(evaluation.masking.zeroCrossEntropy.value ?? .nan),
            ])
        }
        return table.text(width: Console.outputWidth) + notes.joined(separator: "\n")
    }

    /// Of rejected sets no rate is worth reading.
    private func adversarial(_ evaluation: Evaluation) -> String {
        guard !evaluation.isRejected else { return "rejected" }
        let interval = evaluation.adversarialInterval
        return Estimate(
            evaluation.rates.adversarialAccuracy.value ?? .nan, lower: interval.lowerBound,
            upper: interval.upperBound
        ).percentWithInterval
    }

    private var notes: [String] {
        var lines = [
            "adversarial: accuracy over all rows, with the 95 % interval; broken: of the rows right when clean.",
            "CE grad = 0: rows whose cross-entropy gradient is exactly zero, a sign that the gradient is masked.",
        ]
        lines += defectLines
        lines += outcome.refusals.filter { !$0.isSkipped }.map {
            "\($0.set): rejected\($0.checkpoint.map { " by \($0)" } ?? ""): \($0.defect.finding)"
        }
        let skipped = outcome.refusals.filter(\.isSkipped)
        if !skipped.isEmpty {
            lines.append(
                "\(skipped.count) pairs were left out because the set holds other images than the model takes."
            )
        }
        for verdict in outcome.verdicts {
            lines += verdict.warnings.map { "\(verdict.checkpoint): \($0)" }
        }
        lines += outcome.worstCases.map(Self.verdict)
        lines += outcome.verdicts.map {
            let items = $0.checklist
            let failed = items.filter { $0.answer == .fail }.map(\.id)
            let open = items.filter { $0.answer == .notTried }.map(\.id)
            return "\($0.checkpoint): checklist \(items.count { $0.answer == .pass }) pass"
                + (failed.isEmpty ? "" : "; fail: \(failed.joined(separator: ", "))")
                + (open.isEmpty ? "" : "; not tried: \(open.joined(separator: ", "))")
        }
        return lines
    }

    /// What is wrong with the sets, once for each set, with remarks only in the details.
    private var defectLines: [String] {
        var lines: [String] = []
        for evaluation in outcome.evaluations {
            for defect in evaluation.defects where defect.severity >= .violation {
                let word = defect.severity == .rejection ? "rejected" : "violation"
                let line = "\(evaluation.set): \(word), \(defect.kind.rawValue): \(defect.finding)"
                if !lines.contains(line) { lines.append(line) }
            }
        }
        return lines
    }

    /// What may be said of one model under one threat model: never more than what was tried.
    static func verdict(_ worst: WorstCase) -> String {
        var tried: [String] = []
        for label in worst.contributions.map({ AttackLabel($0.attack).text })
        where !tried.contains(label) {
            tried.append(label)
        }
        let what =
            worst.accuracy.count == 0
            ? "every row was broken or wrong to begin with"
            : "\(worst.accuracy.count) of \(worst.rows) rows were broken by none"
        return
            "\(worst.checkpoint), \(worst.threatModel.description): of \(worst.contributions.count) sets "
            + "(\(tried.joined(separator: ", "))) \(what); what was not tried may break more."
    }

    /// One row for each model: accuracy when clean, and under the strongest white-box set of each
    /// attack and loss.
    func summary() -> String {
        let whiteBox = outcome.evaluations.filter { $0.access == .whiteBox }
        let budget = Self.sharedBudget(whiteBox)
        let own = whiteBox.filter { $0.threatModel == budget }
        var labels: [AttackLabel] = []
        for evaluation in own where !labels.contains(AttackLabel(evaluation.attack)) {
            labels.append(AttackLabel(evaluation.attack))
        }
        var table = TextTable(
            columns: [.init("model"), .init("clean", .right)]
                + labels.map { .init($0.text, .right) } + [.init("CE grad = 0", .right)])
        var models: [String] = []
        for evaluation in own where !models.contains(evaluation.checkpoint) {
            models.append(evaluation.checkpoint)
        }
        for model in models {
            let mine = own.filter { $0.checkpoint == model }
            guard let first = mine.first else { continue }
            table.append(
                [model, NumberText.percent(first.cleanAccuracy.value ?? .nan)]
                    + labels.map { label in
                        let match = mine.first { AttackLabel($0.attack) == label }
                        return NumberText.percent(match?.rates.adversarialAccuracy.value ?? .nan)
                    }
                    + [NumberText.percent(first.masking.zeroCrossEntropy.value ?? .nan)])
        }
        guard let budget, let rows = own.first?.rows else { return "no white-box sets" }
        return "Accuracy on \(NumberText.count(rows)) test rows, \(budget.description), "
            + "every set made against the model itself:\n" + table.text()
            + "CE grad = 0: rows whose cross-entropy gradient is exactly zero. Where CE looks harmless and\n"
            + "log-odds does not, the defence hides its gradient; it does not withstand the attack."
    }

    /// The threat model that most sets share: the one all attacks were made for.
    static func sharedBudget(_ evaluations: [Evaluation]) -> ThreatModel? {
        let counts = Dictionary(grouping: evaluations, by: \.threatModel).mapValues(\.count)
        return counts.max {
            ($0.value, $0.key.budget) < ($1.value, $1.key.budget)
        }?.key
    }
}

/// A rate with its interval, for tables and charts.
func estimate(_ rate: Rate) -> Estimate {
    guard let value = rate.value else { return Estimate(.nan, lower: 0, upper: 1) }
    return Estimate(value, lower: rate.interval.lowerBound, upper: rate.interval.upperBound)
}
