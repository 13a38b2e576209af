// SPDX-License-Identifier: Apache-2.0

internal import HDF5

/// Why a store could not be opened, read or written: what was found and what was expected, and
/// where.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for callers that act on it.
    public struct Kind: Hashable, Sendable {
        private enum Value {
            case notAStore, version, file, locked, malformed, name, taken, missing, content
        }
        private let value: Value

        /// The file is sound HDF5 but holds something else.
        public static let notAStore = Kind(value: .notAStore)
        /// The store follows a version of the format that this program does not know.
        public static let unsupportedVersion = Kind(value: .version)
        /// The file cannot be opened, read or written, or is not sound HDF5.
        public static let file = Kind(value: .file)
        /// Another process writes to the store.
        public static let locked = Kind(value: .locked)
        /// Something in the store contradicts the format.
        public static let malformed = Kind(value: .malformed)
        /// A name that the format does not allow.
        public static let invalidName = Kind(value: .name)
        /// A name that is taken; nothing is overwritten.
        public static let nameTaken = Kind(value: .taken)
        /// No object of that name.
        public static let notFound = Kind(value: .missing)
        /// What a caller wants to store does not fit together.
        public static let invalidContent = Kind(value: .content)
    }

    public let kind: Kind
    /// The store's path.
    public let file: String
    /// The object's path inside the store, when one object is at fault.
    public let object: String?
    /// What was found and what was expected.
    public let problem: String

    public init(_ kind: Kind, file: String, object: String? = nil, _ problem: String) {
        self.kind = kind
        self.file = file
        self.object = object
        self.problem = problem
    }

    /// One sentence without its final stop.
    public var description: String {
        guard let object else { return "\(file): \(problem)" }
        return "\(file): \(object): \(problem)"
    }
}

extension StoreError {
    /// What the HDF5 layer says, in the store's words.
    init(_ error: HDF5Error, file: String) {
        let object = error.object.isEmpty ? nil : error.object
        switch error.kind {
        case .locked: self.init(.locked, file: file, object: object, error.reason)
        case .notHDF5: self.init(.notAStore, file: file, object: object, error.reason)
        default: self.init(.file, file: file, object: object, error.reason)
        }
    }
}
