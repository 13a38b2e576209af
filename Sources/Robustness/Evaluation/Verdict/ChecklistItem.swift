// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// One thing that a careful reader of a claim asks, and what the store answers.
public struct ChecklistItem: Hashable, Sendable {
    public enum Answer: String, CaseIterable, Hashable, Sendable {
        case pass
        case fail
        case notTried = "not tried"
    }

    /// A short word for scripts: `attack-of-many-steps`.
    public let id: String
    /// What is asked.
    public let question: String
    public let answer: Answer
    /// Why, with names and numbers.
    public let reason: String

    /// `{item, question, answer, reason}`.
    public var json: JSON {
        [
            "item": .string(id), "question": .string(question),
            "answer": .string(answer.rawValue), "reason": .string(reason),
        ]
    }
}
