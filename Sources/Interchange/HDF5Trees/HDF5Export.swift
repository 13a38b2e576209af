// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// Writes a new HDF5 file for other programs to read, whole or not at all.
struct HDF5Export {
    /// The attribute that states the digest of a dataset's tensor.
    static let digestAttribute = "tensor_digest"

    private let writer: HDF5Writer
    private let path: String

    /// Replaces the file at `path` by the one that `body` fills.
    ///
    /// - Throws: ``InterchangeError`` naming the path and the object.
    static func write(
        to path: String, _ body: (HDF5Export) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        try OutputFile.replace(path) { (temporary: String) throws(InterchangeError) in
            let writer = try HDF5Tree.read(path) { () throws(HDF5Error) in
                try HDF5Writer.create(path: temporary)
            }
            defer { writer.close() }
            try body(HDF5Export(writer: writer, path: path))
            try HDF5Tree.read(path) { () throws(HDF5Error) in try writer.commit() }
        }
    }

    func makeGroup(_ object: String) throws(InterchangeError) {
        try HDF5Tree.read(path) { () throws(HDF5Error) in try writer.createGroup(object) }
    }

    func set(
        _ value: HDF5AttributeValue, _ name: String, at object: String
    ) throws(InterchangeError) {
        try HDF5Tree.read(path) { () throws(HDF5Error) in
            try writer.setAttribute(value, named: name, at: object)
        }
    }

    /// Writes an entry's elements as the dataset `object`, or as a hard link to the one of the
    /// entry it shares them with.
    ///
    /// - Parameter existing: the dataset of that entry, when it was written before.
    func write(
        _ entry: WeightEntry, at object: String, sharing existing: String? = nil
    ) throws(InterchangeError) {
        if let existing {
            try HDF5Tree.read(path) { () throws(HDF5Error) in
                try writer.link(existing, at: object)
            }
            return
        }
        let tensor = try entry.tensor()
        try HDF5Tree.read(path) { () throws(HDF5Error) in
            try writer.write(tensor, at: object)
            try writer.setAttribute(
                .text(tensor.digest().hexadecimal), named: Self.digestAttribute, at: object)
            // Never an attribute called `dtype`, which Keras takes for its own.
            if !tensor.elementType.isNumeric {
                try writer.setAttribute(
                    .text(tensor.elementType.rawValue), named: "tensor_dtype", at: object)
            }
        }
    }

    /// Keeps metadata as attributes of the root, which readers of weights let be.
    ///
    /// - Parameter reserved: names that the format itself gives a meaning.
    func writeMetadata(
        _ metadata: [String: JSON], reserved: Set<String> = []
    ) throws(InterchangeError) {
        for (name, value) in metadata.sorted(by: { $0.key < $1.key })
        where !reserved.contains(name) && !name.isEmpty && value != "retort-store" {
            switch value {
            case .string(let text): try set(.text(text), name, at: "/")
            case .integer(let number): try set(.integer(Int64(number)), name, at: "/")
            case .number(let number): try set(.double(number), name, at: "/")
            default: try set(.text(value.description), name, at: "/")
            }
        }
    }
}

/// Names under which a file's tensors were written, so that tied ones are written once.
struct WrittenObjects {
    private var objects: [String: String] = [:]

    /// The object that holds the elements of `entry` already.
    func object(sharedBy entry: WeightEntry) -> String? {
        entry.sharedWith.flatMap { objects[$0] }
    }

    mutating func add(_ entry: WeightEntry, at object: String) { objects[entry.name] = object }
}
