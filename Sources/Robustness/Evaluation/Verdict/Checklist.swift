// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The questions of Carlini, Athalye, Papernot and others ("On evaluating adversarial robustness",
/// 2019, section 5, in our words) that stored sets can answer, about one model.
struct Checklist {
    let evaluations: [Evaluation]
    let worstCases: [WorstCase]
    let signs: ModelSigns?
    let orders: [AttackOrder]

    /// Sets that may be counted as evidence: made with the model, and not rejected.
    private var own: [Evaluation] {
        evaluations.filter { $0.access == .whiteBox && !$0.isRejected }
    }

    var items: [ChecklistItem] {
        [
            threatModel, soundSets, whiteBox, manySteps, restarts, losses, withoutGradients,
            transfer, minimal, wideBall, worstCase, gradients, order, stability, storage, records,
            cleanRows, noise, targeted,
        ]
    }

    private func item(
        _ id: String, _ question: String, _ answer: ChecklistItem.Answer, _ reason: String
    ) -> ChecklistItem {
        ChecklistItem(id: id, question: question, answer: answer, reason: reason)
    }

    private func names(_ evaluations: [Evaluation]) -> String {
        var names: [String] = []
        for evaluation in evaluations where !names.contains("'\(evaluation.set)'") {
            names.append("'\(evaluation.set)'")
        }
        let shown = names.prefix(4).joined(separator: ", ")
        return names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown
    }

    /// An item that passes as soon as a set of the right kind is there.
    private func presence(
        _ id: String, _ question: String, _ found: [Evaluation], missing: String
    ) -> ChecklistItem {
        found.isEmpty
            ? item(id, question, .notTried, missing)
            : item(id, question, .pass, names(found))
    }

    private var threatModel: ChecklistItem {
        let question = "Is the threat model stated, with its norm, budget and box?"
        let stated = evaluations.filter { !$0.defects.contains { $0.kind == .epsilonMeasured } }
        let measured = evaluations.filter { $0.defects.contains { $0.kind == .epsilonMeasured } }
        if stated.isEmpty, measured.isEmpty {
            return item("threat-model", question, .notTried, "there is no set")
        }
        return measured.isEmpty
            ? item(
                "threat-model", question, .pass,
                Set(stated.map(\.threatModel.description)).sorted().joined(separator: ", "))
            : item(
                "threat-model", question, .fail,
                "epsilon was measured afterwards, not stated, in \(names(measured))")
    }

    private var soundSets: ChecklistItem {
        let question = "Do the examples obey their threat model, and are they what they claim?"
        let unsound = evaluations.filter { $0.hasViolations }
        if evaluations.isEmpty {
            return item("sound-sets", question, .notTried, "there is no set")
        }
        return unsound.isEmpty
            ? item("sound-sets", question, .pass, "\(evaluations.count) sets hold")
            : item(
                "sound-sets", question, .fail,
                "\(names(unsound)): \(unsound[0].defects[0].finding)")
    }

    private var whiteBox: ChecklistItem {
        presence(
            "white-box", "Was the model attacked by someone who knows it?", own,
            missing: "every set was made with another model, or nobody knows with which")
    }

    private var manySteps: ChecklistItem {
        presence(
            "many-steps", "Was an attack of many steps used, not only of one?",
            own.filter { [.iterative, .minimal, .ensemble].contains($0.family) },
            missing: "no set made with this model is of an attack of many steps")
    }

    private var restarts: ChecklistItem {
        let many = own.filter {
            $0.family == .ensemble
                || ($0.attackRecord["parameters"]?["restarts"]?.integerValue ?? 1) > 1
        }
        return presence(
            "restarts", "Were several starting points tried?", many,
            missing: "every attack started once")
    }

    private var losses: ChecklistItem {
        let question = "Was a loss followed that cannot vanish (log-odds, margin, ratio of logits)?"
        let safe = own.filter {
            ["log-odds", "margin", "dlr"].contains($0.attackLoss ?? "")
                || [.minimal, .ensemble].contains($0.family)
        }
        return presence(
            "losses", question, safe, missing: "every attack followed cross-entropy, or has no loss"
        )
    }

    private var withoutGradients: ChecklistItem {
        presence(
            "without-gradients", "Was an attack tried that needs no gradient?",
            evaluations.filter { $0.family == .blackBox || $0.family == .ensemble },
            missing: "no set of an attack on logits alone, such as Square")
    }

    private var transfer: ChecklistItem {
        presence(
            "transfer", "Were examples of another model tried?",
            evaluations.filter { $0.access == .transfer && $0.isSourceKnown && !$0.isRejected },
            missing: "no set made with another model was tried on this one")
    }

    private var minimal: ChecklistItem {
        presence(
            "smallest-change", "Was the smallest change that breaks a row looked for?",
            own.filter { $0.hardness != nil },
            missing: "no set of an attack that looks for the smallest change, so there is no curve")
    }

    private var wideBall: ChecklistItem {
        let question = "Does accuracy fall to chance when the budget is large enough?"
        guard let probe = signs?.probe,
            let wide = probe.trials.first(where: { $0.name == GradientProbe.Name.wide })
        else { return item("large-budget", question, .notTried, "the model was not probed") }
        let failed = probe.findings.contains { $0.hasPrefix("with epsilon 0.5") }
        return item(
            "large-budget", question, failed ? .fail : .pass,
            "\(wide.accuracy.count) of \(wide.accuracy.total) rows are right at linf 0.5")
    }

    private var worstCase: ChecklistItem {
        let question = "Is each row judged by the strongest attack on it, not by an average?"
        guard let worst = worstCases.min(by: { $0.accuracy.count < $1.accuracy.count }) else {
            return item(
                "worst-case", question, .notTried,
                "no two sets of one norm hold the same rows")
        }
        return item(
            "worst-case", question, .pass,
            "\(worst.contributions.count) sets within \(worst.threatModel.description)")
    }

    private var gradients: ChecklistItem {
        let question = "Does the model show its gradient?"
        guard let signs, signs.masking.rows > 0 else {
            return item("gradients", question, .notTried, "no gradients were at hand")
        }
        let findings = signs.findings.filter { !$0.hasPrefix("with epsilon 0.5") }
        return findings.isEmpty
            ? item(
                "gradients", question, .pass,
                "no gradient vanishes on \(signs.masking.rows) clean rows, and losses agree")
            : item("gradients", question, .fail, findings[0])
    }

    private var order: ChecklistItem {
        let question = "Do stronger attacks break more than weaker ones?"
        if let first = orders.first {
            return item("order", question, .fail, first.finding)
        }
        return own.count > 1
            ? item("order", question, .pass, "no pair of \(own.count) sets is out of order")
            : item("order", question, .notTried, "there are no two sets to compare")
    }

    private var stability: ChecklistItem {
        let question = "Do the predictions on examples hold at another batch size and precision?"
        if evaluations.allSatisfy({ $0.masking.rows == 0 }) {
            return item("stability", question, .notTried, "the model could not be run")
        }
        let unstable = evaluations.filter {
            $0.margins.unstableRows > 0 || ($0.margins.unstableInDouble ?? 0) > 0
        }
        let fragile = evaluations.reduce(0) { $0 + $1.margins.fragileRows }
        return unstable.isEmpty
            ? item(
                "stability", question, .pass,
                fragile == 0
                    ? "no row has a gap below \(MarginSummary.fragileGap)"
                    : "\(fragile) fragile rows keep their class")
            : item("stability", question, .fail, "rows change their class in \(names(unstable))")
    }

    private var storage: ChecklistItem {
        let question = "Do the examples survive being saved as 8-bit images?"
        let tried = own.filter { !$0.quantisation.isEmpty }
        guard !tried.isEmpty else {
            return item("storage", question, .notTried, "the model could not be run")
        }
        let lost = tried.filter { evaluation in
            guard let stored = evaluation.quantisation.first(where: { $0.storage == .stored }),
                let rounded = evaluation.quantisation.first(where: { $0.storage == .rounded })
            else { return false }
            return rounded.accuracy.count * 100 > stored.accuracy.count * 100
                + stored.accuracy.total
        }
        return lost.isEmpty
            ? item("storage", question, .pass, "rounding costs no set more than 1 % of its rows")
            : item(
                "storage", question, .fail,
                "rounding to k/255 gives back more than 1 % of the rows in \(names(lost))")
    }

    private var records: ChecklistItem {
        let question = "Could the attacks be run again from what was recorded?"
        let lacking = evaluations.filter { $0.defects.contains { $0.kind == .recordIncomplete } }
        if evaluations.isEmpty {
            return item("records", question, .notTried, "there is no set")
        }
        return lacking.isEmpty
            ? item("records", question, .pass, "every record is complete")
            : item(
                "records", question, .fail,
                "\(names(lacking)): \(lacking[0].defects.first { $0.kind == .recordIncomplete }?.finding ?? "")"
            )
    }

    private var cleanRows: ChecklistItem {
        let question = "Are the clean rows those of the data set, with its labels?"
        let checked = evaluations.compactMap(\.agreement)
        guard !checked.isEmpty else {
            return item("clean-rows", question, .notTried, "the data set was not at hand")
        }
        let wrong = checked.filter { !$0.isComplete }
        return wrong.isEmpty
            ? item("clean-rows", question, .pass, "\(checked.count) sets agree with their data")
            : item("clean-rows", question, .fail, "\(wrong.count) sets disagree with their data")
    }

    private var noise: ChecklistItem {
        let question = "Is the model also tried on changes that no adversary chose?"
        let found = evaluations.filter { [.noise, .corruption].contains($0.family) }
        guard found.isEmpty, let probe = signs?.probe,
            let trial = probe.trials.first(where: { $0.name == GradientProbe.Name.noise })
        else {
            return presence("noise", question, found, missing: "no set of noise or corruptions")
        }
        return item(
            "noise", question, .pass,
            "one draw of uniform noise at linf \(probe.epsilon) leaves \(trial.accuracy.count) of \(trial.accuracy.total) rows right"
        )
    }

    private var targeted: ChecklistItem {
        presence(
            "targeted", "Were attacks towards chosen classes tried?", own.filter(\.isTargeted),
            missing: "no set made with this model aims at classes")
    }
}
