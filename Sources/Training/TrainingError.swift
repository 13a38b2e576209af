// SPDX-License-Identifier: Apache-2.0

/// Why a graph, a model or a training run was refused.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A full sentence without its final stop, naming the node or setting, what was found and what
    /// was expected.
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
