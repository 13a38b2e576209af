// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A file of named tensors, opened: everything it says of itself, with no payload read.
///
/// Opening checks the whole structure; nothing in the file is ever executed and no other file is
/// opened but the shards and the external data that the format itself is made of, which must lie
/// in the same folder.
public struct WeightFile: Sendable {
    public let path: String
    public let format: WeightFormat
    /// Of all files that the model is made of.
    public var byteCount: Int
    /// In the order of the file, numbered names in the order of their numbers.
    public var entries: [WeightEntry]
    /// What the file says beside its tensors, as it says it.
    public var metadata: [String: JSON]
    public var model: ModelDescription?
    /// What a reader of this file should know: code that another loader would have run, values
    /// that are listed and not read. A sentence each, without its stop.
    public var remarks: [String]
    /// Bytes of headers, indexes and other structure; nil where the format does not tell.
    public var metadataByteCount: Int?

    public init(
        path: String, format: WeightFormat, byteCount: Int, entries: [WeightEntry],
        metadata: [String: JSON] = [:], model: ModelDescription? = nil, remarks: [String] = [],
        metadataByteCount: Int? = nil
    ) {
        self.path = path
        self.format = format
        self.byteCount = byteCount
        self.entries = entries
        self.metadata = metadata
        self.model = model
        self.remarks = remarks
        self.metadataByteCount = metadataByteCount
    }

    /// The entry of that name.
    public subscript(name: String) -> WeightEntry? { entries.first { $0.name == name } }
}

/// Something wrong in a file, and where.
public struct FileProblem: Hashable, Sendable, CustomStringConvertible {
    /// The tensor, member or structure; empty for the file as a whole.
    public let object: String
    /// Found and expected, a sentence without its stop.
    public let problem: String

    public init(object: String, problem: String) {
        self.object = object
        self.problem = problem
    }

    public var description: String { object.isEmpty ? problem : "\(object): \(problem)" }
}

/// What is to be written: tensors under the names and in the layout that the file shall have.
public struct WeightContent: Sendable {
    public var entries: [WeightEntry]
    /// Kept where the format has a place for it.
    public var metadata: [String: JSON]
    public var model: ModelDescription?

    public init(
        entries: [WeightEntry], metadata: [String: JSON] = [:], model: ModelDescription? = nil
    ) {
        self.entries = entries
        self.metadata = metadata
        self.model = model
    }
}

/// One format: how a file of it is opened, checked and written.
protocol WeightCodec {
    /// - Throws: ``InterchangeError`` unless the whole structure is sound.
    static func open(_ region: ByteRegion, path: String) throws(InterchangeError) -> WeightFile

    /// Everything that breaks the format's rules; empty when the file is sound.
    ///
    /// - Parameter full: also reads what is expensive: checksums of payloads.
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem]
}

protocol WritableWeightCodec: WeightCodec {
    /// Writes the file whole or not at all, holding one tensor at a time.
    ///
    /// - Throws: ``InterchangeError`` for what the format cannot hold, before anything is written
    ///   where that can be told, and when the file cannot be written.
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError)
}
