// SPDX-License-Identifier: Apache-2.0

/// Why an attack or an evaluation could not be made.
public struct RobustnessError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// An attack or a threat model as written by a person, or its JSON form.
        case specification
        /// Images, labels or a stored set that do not fit together or are not finite.
        case data
        /// The model failed or does not fit the images.
        case model
        /// The caller asked to stop; nothing is wrong.
        case stopped
    }

    public let kind: Kind
    /// A full sentence without its final stop, naming what was found and what was expected.
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
