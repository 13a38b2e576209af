// SPDX-License-Identifier: Apache-2.0

import Reporting
import Robustness

extension ReportPage {
    /// What a careful reader asks of a claim, answered for every model from the store.
    var checklistBlocks: [HTMLPage.Block] {
        guard let first = outcome.verdicts.first, !first.checklist.isEmpty else { return [] }
        let shown = outcome.verdicts.prefix(5)
        let overview = HTMLTable(
            columns: [.init("question")] + shown.map { .init($0.checkpoint) },
            rows: first.checklist.map { item in
                [HTMLTable.Cell(item.question, wraps: true)]
                    + shown.map { verdict in
                        verdict.checklist.first { $0.id == item.id }
                            .map { .answer(question($0).answer) } ?? "-"
                    }
            },
            caption:
                "After the questions of Carlini and others, \"On evaluating adversarial robustness\" (2019). Not tried means that nothing in this store answers, not that the answer is good."
        )
        return [.table(overview)]
            + outcome.verdicts.map { verdict in
                .folded(
                    "Reasons: \(verdict.checkpoint)",
                    [.table(.checklist(verdict.checklist.map(question)))]
                        + verdict.sentences.map { .paragraph(RichText($0)) })
            }
    }

    private func question(_ item: ChecklistItem) -> HTMLTable.Question {
        let answer: HTMLTable.Question.Answer =
            switch item.answer {
            case .pass: .passed
            case .fail: .failed
            case .notTried: .notTried
            }
        return HTMLTable.Question(item.question, answer, item.reason)
    }
}
