// SPDX-License-Identifier: Apache-2.0

/// Why a picture could not be read.
public struct ReportingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A full sentence without its final stop.
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
