// SPDX-License-Identifier: Apache-2.0

/// Why an HDF5 file, or one object in it, could not be read or written.
public struct HDF5Error: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The bytes are not an HDF5 file at all.
        case notHDF5
        /// The file contradicts the format or itself: truncated, overwritten or made to mislead.
        case damaged
        /// The file is sound but uses a feature that is refused on purpose or not read.
        case unsupported
        /// A size, count or depth is above the limits set for files of unknown origin.
        case limit
        /// The object is not of the kind that was asked for, or the value does not fit.
        case mismatch
        /// The object, or the file, is not there.
        case missing
        /// The object, or the file, is there already.
        case exists
        /// Another process holds the file.
        case locked
        /// The operating system refused: permission, a full disk, a failing device.
        case system
        /// libhdf5 refused.
        case library
    }

    public let kind: Kind
    /// The file's name; empty until the layer that knows it has added it.
    public var file: String
    /// The object's path in the file, or empty where the file as a whole is meant.
    public var object: String
    /// What was found and what was expected, without a final stop.
    public let reason: String

    public init(_ kind: Kind, file: String = "", object: String = "", _ reason: String) {
        self.kind = kind
        self.file = file
        self.object = object
        self.reason = reason
    }

    public var description: String {
        var text = file
        for part in [object, reason] where !part.isEmpty {
            text += text.isEmpty ? part : ": " + part
        }
        return text
    }

    /// The same error with the file and the object named, where they were not named yet.
    func located(file: String = "", object: String = "") -> HDF5Error {
        var copy = self
        if copy.file.isEmpty { copy.file = file }
        if copy.object.isEmpty { copy.object = object }
        return copy
    }

    static func damaged(_ reason: String) -> HDF5Error { HDF5Error(.damaged, reason) }
    static func unsupported(_ reason: String) -> HDF5Error { HDF5Error(.unsupported, reason) }
    static func limit(_ reason: String) -> HDF5Error { HDF5Error(.limit, reason) }
    static func mismatch(_ reason: String) -> HDF5Error { HDF5Error(.mismatch, reason) }
}
