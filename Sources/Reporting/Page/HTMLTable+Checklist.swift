// SPDX-License-Identifier: Apache-2.0

extension HTMLTable {
    /// A question with its answer, for ``checklist(_:caption:)``.
    public struct Question: Sendable {
        public enum Answer: Hashable, Sendable {
            case passed, failed, notTried

            /// A sign and a word: the colour only repeats them.
            var text: String {
                switch self {
                case .passed: "✓ pass"
                case .failed: "✗ fail"
                case .notTried: "○ not tried"
                }
            }

            var mood: Cell.Mood {
                switch self {
                case .passed: .good
                case .failed: .bad
                case .notTried: .muted
                }
            }
        }

        public let text: String
        public let answer: Answer
        public let reason: String

        public init(_ text: String, _ answer: Answer, _ reason: String) {
            self.text = text
            self.answer = answer
            self.reason = reason
        }
    }

    /// Questions with their answers and why.
    public static func checklist(_ questions: [Question], caption: RichText = "") -> HTMLTable {
        HTMLTable(
            columns: [.init("question"), .init("answer"), .init("why")],
            rows: questions.map {
                [
                    Cell($0.text, wraps: true), .answer($0.answer),
                    Cell($0.reason, wraps: true),
                ]
            }, caption: caption)
    }
}

extension HTMLTable.Cell {
    /// A sign and a word.
    public static func answer(_ answer: HTMLTable.Question.Answer) -> HTMLTable.Cell {
        HTMLTable.Cell(answer.text, mood: answer.mood)
    }
}
