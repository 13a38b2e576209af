// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Why someone else's file could not become arrays or images, or why a file could not be written.
public struct InterchangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What a caller may want to tell apart; the sentence is in ``description``.
    public enum Kind: Hashable, Sendable {
        /// The file is not there, or the system refuses to read or write it.
        case unreadable
        /// The bytes break the rules of their own format.
        case malformed
        /// The file is sound but uses something Retort does not take.
        case unsupported
        /// Two files, or a file and a request, do not fit together.
        case mismatch
        /// The text that names a data set is not one.
        case specification
    }

    public let kind: Kind
    /// The file, or the text of a data specification.
    public let subject: String
    /// What is wrong with it, without the file's name and without a final stop.
    public let problem: String

    public init(_ kind: Kind, _ subject: String, _ problem: String) {
        self.kind = kind
        self.subject = subject
        self.problem = problem
    }

    init(_ kind: Kind, _ subject: String, found: String, expected: String) {
        self.init(kind, subject, "found \(found), expected \(expected)")
    }

    /// An error of the vocabulary while working on `subject`, which it may already name.
    init(_ kind: Kind, _ subject: String, _ error: TensorError) {
        let prefix = subject + ": "
        let text = error.description
        self.init(
            kind, subject, text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
    }

    public var description: String { "\(subject): \(problem)" }
}
