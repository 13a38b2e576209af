// SPDX-License-Identifier: Apache-2.0

import CHDF5
import Glibc
import Tensors

/// A value for ``HDF5Writer/setAttribute(_:named:at:)``.
public enum HDF5AttributeValue: Hashable, Sendable {
    /// UTF-8 text of fixed length.
    case string(String)
    /// UTF-8 text of any length, as h5py writes a `str`. It is kept in a heap of the file, so a
    /// file with one is not taken for writing again: for exports, not for stores.
    case text(String)
    case texts([String])
    case integer(Int64)
    case double(Double)
    case strings([String])
    case integers([Int64])
    case doubles([Double])
    /// An array of U8.
    case bytes([UInt8])
}

extension HDF5Writer {
    /// Sets an attribute of the object at `path` ("" or "/" is the root), in place of one with the
    /// same name.
    ///
    /// - Throws: ``HDF5Error``: `missing` when there is no such object, `limit` above 64,000 bytes,
    ///   `mismatch` for a name or text that HDF5 cannot hold.
    public func setAttribute(
        _ value: HDF5AttributeValue, named name: String, at path: String
    ) throws(HDF5Error) {
        try perform(object: path) { session throws(HDF5Error) in
            guard !name.isEmpty, !name.utf8.contains(0) else {
                throw HDF5Error(.mismatch, "'\(name)' is not a name for an attribute")
            }
            let content = try AttributeContent(value)
            // An object header message holds 64 KiB at most; what is longer belongs in a dataset or
            // in a heap, where it takes 16 bytes of the message.
            guard content.bytes.count <= 64_000 else {
                throw HDF5Error(
                    .limit,
                    "attribute '\(name)' takes \(content.bytes.count) bytes, at most 64000 fit")
            }
            var target = "/"
            if !path.isEmpty && path != "/" {
                let object = try ObjectPath(path)
                guard try session.exists(object) else {
                    throw HDF5Error(.missing, "there is no such object")
                }
                target = object.text
            }
            try session.writeAttribute(content, name, target)
        }
    }
}

extension WritingSession {
    fileprivate func writeAttribute(
        _ content: AttributeContent, _ name: String, _ target: String
    ) throws(HDF5Error) {
        let exists = try LibHDF5.call("H5Aexists_by_name") {
            H5Aexists_by_name(id, target, name, retort_default())
        }
        if exists > 0 {
            try LibHDF5.call("H5Adelete_by_name") {
                H5Adelete_by_name(id, target, name, retort_default())
            }
        }
        let type = try content.type()
        let space = try LibrarySpace(content.dimensions)
        let creation = try PropertyList(retort_attribute_creation_class)
        let (list, typeID, spaceID) = (creation.id, type.id, space.id)
        try LibHDF5.call("H5Pset_char_encoding") { H5Pset_char_encoding(list, H5T_CSET_UTF8) }
        let attribute = try LibraryHandle("H5Acreate_by_name", closedBy: H5Aclose) {
            H5Acreate_by_name(
                id, target, name, typeID, spaceID, list, retort_default(), retort_default())
        }
        let attributeID = attribute.id
        guard !content.bytes.isEmpty else { return }
        if let texts = content.heapTexts {
            let pointers = texts.map { strdup($0) }
            defer { pointers.forEach { free($0) } }
            try LibHDF5.call("H5Awrite") { H5Awrite(attributeID, typeID, pointers) }
            return
        }
        try LibHDF5.call("H5Awrite") { H5Awrite(attributeID, typeID, content.bytes) }
    }
}

/// An attribute's value as the file holds it.
private struct AttributeContent {
    let dimensions: [Int]
    /// The value; of texts in a heap, room for what refers to them.
    let bytes: [UInt8]
    /// Texts of any length, zero-terminated.
    private(set) var heapTexts: [[CChar]]?
    /// The bytes of each string, or nil for numbers.
    private let stringByteCount: Int?
    private let elementType: ElementType

    init(_ value: HDF5AttributeValue) throws(HDF5Error) {
        switch value {
        case .string(let text):
            try self.init(strings: [text], dimensions: [])
        case .strings(let texts):
            try self.init(strings: texts, dimensions: [texts.count])
        case .text(let text):
            try self.init(heapTexts: [text], dimensions: [])
        case .texts(let texts):
            try self.init(heapTexts: texts, dimensions: [texts.count])
        case .integer(let value):
            self.init(.i64, [], [value])
        case .integers(let values):
            self.init(.i64, [values.count], values)
        case .double(let value):
            self.init(.f64, [], [value])
        case .doubles(let values):
            self.init(.f64, [values.count], values)
        case .bytes(let values):
            self.init(.u8, [values.count], values)
        }
    }

    private init<Value: BitwiseCopyable>(
        _ type: ElementType, _ dimensions: [Int], _ values: [Value]
    ) {
        self.dimensions = dimensions
        bytes = values.withUnsafeBytes { Array($0) }
        elementType = type
        stringByteCount = nil
    }

    private init(strings: [String], dimensions: [Int]) throws(HDF5Error) {
        var texts: [[UInt8]] = []
        for text in strings { texts.append(try Array(checked: text)) }
        let longest = max(texts.map(\.count).max() ?? 0, 1)
        self.dimensions = dimensions
        bytes = texts.flatMap { $0 + [UInt8](repeating: 0, count: longest - $0.count) }
        elementType = .u8
        stringByteCount = longest
    }

    private init(heapTexts: [String], dimensions: [Int]) throws(HDF5Error) {
        var texts: [[CChar]] = []
        for text in heapTexts {
            texts.append(try Array(checked: text).map { CChar(bitPattern: $0) } + [0])
        }
        self.init(.u8, dimensions, [UInt8](repeating: 0, count: 16 * texts.count))
        self.heapTexts = texts
    }

    func type() throws(HDF5Error) -> LibraryHandle {
        if heapTexts != nil { return try LibraryTypes.variableString() }
        guard let stringByteCount else { return try LibraryTypes.element(elementType) }
        return try LibraryTypes.string(byteCount: stringByteCount)
    }
}
