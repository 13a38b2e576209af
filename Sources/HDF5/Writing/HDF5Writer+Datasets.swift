// SPDX-License-Identifier: Apache-2.0

import CHDF5
public import Tensors

/// One field of a record that ``HDF5Writer/writeRecords(_:count:bytes:at:)`` writes.
public struct HDF5Field: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// UTF-8 text in `byteCount` bytes, filled up with zeros.
        case string(byteCount: Int)
        case element(ElementType)
        case array(ElementType, count: Int)
    }

    public let name: String
    public let kind: Kind

    public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// Bytes the field takes in a record.
    public var byteCount: Int {
        switch kind {
        case .string(let byteCount): byteCount
        case .element(let type): type.byteCount
        case .array(let type, let count): type.byteCount * count
        }
    }
}

extension HDF5Writer {
    /// Writes a tensor as one run of bytes, 64-byte aligned and unfiltered, so that readers map it.
    ///
    /// BF16 is stored as a true 16-bit float, BOOL as the enumeration h5py uses, FP8 as bytes.
    ///
    /// - Throws: ``HDF5Error``: `exists` when the path is taken.
    public func write(_ tensor: Tensor, at path: String) throws(HDF5Error) {
        try perform(object: path) { session throws(HDF5Error) in
            let type = try LibraryTypes.element(tensor.elementType)
            let space = try LibrarySpace(tensor.shape.dimensions)
            let result = tensor.withUnsafeBytes { bytes in
                Result { () throws(HDF5Error) in
                    try session.writeDataset(path, type.id, space, bytes)
                }
            }
            try result.get()
        }
    }

    /// Writes a text as a single UTF-8 string of fixed length.
    ///
    /// - Throws: ``HDF5Error``: `exists` when the path is taken, `mismatch` for a text with a zero
    ///   character, which would end it.
    public func writeText(_ text: String, at path: String) throws(HDF5Error) {
        try perform(object: path) { session throws(HDF5Error) in
            let bytes = try Array(checked: text)
            let type = try LibraryTypes.string(byteCount: bytes.count)
            let space = try LibrarySpace([])
            let result = (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { bytes in
                Result { () throws(HDF5Error) in
                    try session.writeDataset(path, type.id, space, bytes)
                }
            }
            try result.get()
        }
    }

    /// Writes `count` packed records of `fields`, little-endian, as a one-dimensional compound.
    ///
    /// - Throws: ``HDF5Error``: `exists` when the path is taken, `mismatch` when the bytes are not
    ///   `count` records.
    public func writeRecords(
        _ fields: [HDF5Field], count: Int, bytes: [UInt8], at path: String
    ) throws(HDF5Error) {
        try perform(object: path) { session throws(HDF5Error) in
            let recordBytes = fields.reduce(0) { $0 + $1.byteCount }
            guard recordBytes > 0, fields.allSatisfy({ $0.byteCount > 0 }) else {
                throw HDF5Error(.mismatch, "a record and each of its fields need bytes")
            }
            guard bytes.count == count * recordBytes else {
                throw HDF5Error(
                    .mismatch,
                    "\(count) records of \(recordBytes) bytes were promised, "
                        + "found \(bytes.count) bytes")
            }
            let type = try LibraryTypes.record(fields, byteCount: recordBytes)
            let space = try LibrarySpace([count])
            let result = bytes.withUnsafeBytes { bytes in
                Result { () throws(HDF5Error) in
                    try session.writeDataset(path, type.id, space, bytes)
                }
            }
            try result.get()
        }
    }
}

extension WritingSession {
    /// Writes a contiguous dataset whose bytes are as the file holds them.
    fileprivate func writeDataset(
        _ path: String, _ type: hid_t, _ space: borrowing LibrarySpace,
        _ bytes: UnsafeRawBufferPointer
    ) throws(HDF5Error) {
        let creation = try PropertyList(retort_dataset_creation_class)
        let list = creation.id
        // The space is given out at once and written once.
        try LibHDF5.call("H5Pset_alloc_time") {
            H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY)
        }
        let dataset = try makeDataset(path, type, space, list)
        let target = dataset.id
        guard !bytes.isEmpty else { return }
        try LibHDF5.call("H5Dwrite") {
            H5Dwrite(
                target, type, retort_whole_space(), retort_whole_space(), retort_default(),
                bytes.baseAddress)
        }
    }

    /// Makes a dataset at a free path, with the properties all datasets share.
    func makeDataset(
        _ path: String, _ type: hid_t, _ space: borrowing LibrarySpace, _ properties: hid_t
    ) throws(HDF5Error) -> LibraryHandle {
        let path = try ObjectPath(path)
        try prepare(path)
        try LibHDF5.call("H5Pset_obj_track_times") { H5Pset_obj_track_times(properties, false) }
        try LibHDF5.call("H5Pset_fill_time") {
            H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER)
        }
        let links = try PropertyList(retort_link_creation_class)
        let encoding = links.id
        try LibHDF5.call("H5Pset_char_encoding") {
            H5Pset_char_encoding(encoding, H5T_CSET_UTF8)
        }
        let extent = space.id
        return try LibraryHandle("H5Dcreate2", closedBy: H5Dclose) {
            H5Dcreate2(id, path.text, type, extent, encoding, properties, retort_default())
        }
    }
}

extension LibraryTypes {
    static func record(
        _ fields: [HDF5Field], byteCount: Int
    ) throws(HDF5Error) -> LibraryHandle {
        let compound = try compound(byteCount: byteCount)
        let id = compound.id
        var offset = 0
        for field in fields {
            let member =
                switch field.kind {
                case .string(let byteCount): try string(byteCount: byteCount)
                case .element(let type): try element(type)
                case .array(let type, let count): try array(of: type, count: count)
                }
            let type = member.id
            try LibHDF5.call("H5Tinsert") { H5Tinsert(id, field.name, offset, type) }
            offset += field.byteCount
        }
        return compound
    }
}

/// The extent of a dataset or an attribute.
struct LibrarySpace: ~Copyable {
    private let handle: LibraryHandle
    var id: hid_t { handle.id }

    /// - Throws: ``HDF5Error`` (`limit`) for more dimensions than HDF5 has.
    init(_ dimensions: [Int]) throws(HDF5Error) {
        guard dimensions.count <= Int(H5S_MAX_RANK) else {
            throw HDF5Error(
                .limit, "\(dimensions.count) dimensions are more than HDF5's \(H5S_MAX_RANK)")
        }
        let extents = dimensions.map { hsize_t($0) }
        handle = try LibraryHandle("H5Screate_simple", closedBy: H5Sclose) {
            extents.isEmpty
                ? H5Screate(H5S_SCALAR) : H5Screate_simple(CInt(extents.count), extents, nil)
        }
    }
}

extension [UInt8] {
    /// The text's UTF-8.
    ///
    /// - Throws: ``HDF5Error`` (`mismatch`) for a zero character: in HDF5 it ends a string.
    init(checked text: String) throws(HDF5Error) {
        self.init(text.utf8)
        guard !contains(0) else {
            throw HDF5Error(.mismatch, "the text contains a zero character, which HDF5 cannot hold")
        }
    }
}
