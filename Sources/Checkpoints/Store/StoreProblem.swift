// SPDX-License-Identifier: Apache-2.0

/// Something wrong with one object of a store.
public struct StoreProblem: Hashable, Sendable, CustomStringConvertible {
    /// The object's path in the file: `/checkpoints/teacher/tensors/conv1/weight`.
    public let object: String
    /// What was found and what was expected.
    public let problem: String

    public init(object: String, problem: String) {
        self.object = object
        self.problem = problem
    }

    public var description: String { "\(object): \(problem)" }
}
