// SPDX-License-Identifier: Apache-2.0

/// Why bytes could not become a tensor, an image set or a mapped file.
public struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A full sentence without its final stop, naming what was found and what was expected.
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
