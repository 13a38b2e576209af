// SPDX-License-Identifier: Apache-2.0

import CHDF5
import Tensors

/// Datatypes of the library, by what they hold.
enum LibraryTypes {
    /// The type an element is stored as: little-endian; BF16 and F16 as true 16-bit floats; BOOL as
    /// the enumeration that h5py reads as `bool`; the FP8 kinds as bytes.
    static func element(_ type: ElementType) throws(HDF5Error) -> LibraryHandle {
        switch type {
        case .bool: try boolean()
        case .f16: try shortFloat(exponentBits: 5, mantissaBits: 10, bias: 15)
        case .bf16: try shortFloat(exponentBits: 8, mantissaBits: 7, bias: 127)
        case .u8, .f8e4m3, .f8e5m2: try copy(retort_type_u8)
        case .i8: try copy(retort_type_i8)
        case .u16: try copy(retort_type_u16)
        case .i16: try copy(retort_type_i16)
        case .u32: try copy(retort_type_u32)
        case .i32: try copy(retort_type_i32)
        case .u64: try copy(retort_type_u64)
        case .i64: try copy(retort_type_i64)
        case .f32: try copy(retort_type_f32)
        case .f64: try copy(retort_type_f64)
        }
    }

    /// UTF-8 text of `byteCount` bytes, filled up with zeros. The library knows no empty strings:
    /// they take one zero byte.
    static func string(byteCount: Int) throws(HDF5Error) -> LibraryHandle {
        let type = try copy(retort_type_string)
        let id = type.id
        try LibHDF5.call("H5Tset_size") { H5Tset_size(id, max(byteCount, 1)) }
        try LibHDF5.call("H5Tset_cset") { H5Tset_cset(id, H5T_CSET_UTF8) }
        try LibHDF5.call("H5Tset_strpad") { H5Tset_strpad(id, H5T_STR_NULLPAD) }
        return type
    }

    /// UTF-8 text of any length.
    static func variableString() throws(HDF5Error) -> LibraryHandle {
        let type = try copy(retort_type_string)
        let id = type.id
        try LibHDF5.call("H5Tset_size") { H5Tset_size(id, retort_variable_size()) }
        try LibHDF5.call("H5Tset_cset") { H5Tset_cset(id, H5T_CSET_UTF8) }
        return type
    }

    /// `count` elements as one value.
    static func array(of type: ElementType, count: Int) throws(HDF5Error) -> LibraryHandle {
        let base = try element(type)
        let id = base.id
        var dimension = hsize_t(count)
        return try owned("H5Tarray_create2") { H5Tarray_create2(id, 1, &dimension) }
    }

    /// An empty compound of `byteCount` bytes.
    static func compound(byteCount: Int) throws(HDF5Error) -> LibraryHandle {
        try owned("H5Tcreate") { H5Tcreate(H5T_COMPOUND, byteCount) }
    }

    private static func copy(_ source: () -> hid_t) throws(HDF5Error) -> LibraryHandle {
        // Naming a predefined type may start the library, so that too happens in the gate.
        try owned("H5Tcopy") { H5Tcopy(source()) }
    }

    private static func owned(
        _ name: StaticString, _ body: () -> hid_t
    ) throws(HDF5Error) -> LibraryHandle {
        try LibraryHandle(name, closedBy: H5Tclose, body)
    }

    private static func shortFloat(
        exponentBits: Int, mantissaBits: Int, bias: Int
    ) throws(HDF5Error) -> LibraryHandle {
        let type = try copy(retort_type_f32)
        let id = type.id
        try LibHDF5.call("H5Tset_fields") {
            H5Tset_fields(id, 15, mantissaBits, exponentBits, 0, mantissaBits)
        }
        try LibHDF5.call("H5Tset_precision") { H5Tset_precision(id, 16) }
        try LibHDF5.call("H5Tset_size") { H5Tset_size(id, 2) }
        try LibHDF5.call("H5Tset_ebias") { H5Tset_ebias(id, bias) }
        return type
    }

    private static func boolean() throws(HDF5Error) -> LibraryHandle {
        let type = try owned("H5Tenum_create") { H5Tenum_create(retort_type_i8()) }
        let id = type.id
        for (name, value) in [("FALSE", Int8(0)), ("TRUE", Int8(1))] {
            try LibHDF5.call("H5Tenum_insert") {
                withUnsafePointer(to: value) { H5Tenum_insert(id, name, $0) }
            }
        }
        return type
    }
}
