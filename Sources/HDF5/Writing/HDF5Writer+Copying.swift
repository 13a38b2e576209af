// SPDX-License-Identifier: Apache-2.0

import CHDF5

extension HDF5Writer {
    /// Copies everything that a file holds into this one, which must be new and empty: objects,
    /// attributes, names. Hard links to one object stay links to one object, and elements are
    /// copied as they are stored, without unpacking them. What the file no longer refers to
    /// stays behind.
    ///
    /// - Parameters:
    ///   - source: the file, opened for writing, so that nobody else writes to it meanwhile.
    ///   - root: its root, which says what there is to copy.
    /// - Throws: ``HDF5Error`` when one of the files cannot be read or written.
    public func copyContents(of source: HDF5Writer, root: HDF5Group) throws(HDF5Error) {
        try source.perform { from throws(HDF5Error) in
            try perform { to throws(HDF5Error) in
                for attribute in root.attributes {
                    try to.copyRootAttribute(attribute.name, from: from)
                }
                try to.copyObjects(root.names, from: from)
            }
        }
    }

    /// What has been written to a file that has no name yet, as readers will find it after the
    /// first commit.
    ///
    /// - Throws: ``HDF5Error`` with what the reader finds wrong with it, among others.
    public func draft() throws(HDF5Error) -> HDF5File {
        var file: HDF5File?
        try perform { session throws(HDF5Error) in file = try session.draft() }
        guard let file else { throw HDF5Error(.missing, file: path, "there is no draft") }
        return file
    }
}

extension WritingSession {
    /// The library copies an object only below a name, and keeps links to one object together
    /// only within one call: so the whole root becomes a member first, and then hands over its own.
    fileprivate func copyObjects(
        _ names: [String], from source: WritingSession
    ) throws(HDF5Error) {
        var standIn = "copy"
        while names.contains(standIn) { standIn += "-" }
        try LibHDF5.call("H5Ocopy") {
            H5Ocopy(source.id, "/", id, standIn, retort_default(), retort_default())
        }
        let links = try PropertyList(retort_link_creation_class)
        let list = links.id
        try LibHDF5.call("H5Pset_char_encoding") { H5Pset_char_encoding(list, H5T_CSET_UTF8) }
        for name in names {
            try LibHDF5.call("H5Lmove") {
                H5Lmove(id, "\(standIn)/\(name)", id, name, list, retort_default())
            }
        }
        try LibHDF5.call("H5Ldelete") { H5Ldelete(id, standIn, retort_default()) }
    }

    fileprivate func copyRootAttribute(
        _ name: String, from source: WritingSession
    ) throws(HDF5Error) {
        let original = try LibraryHandle("H5Aopen_by_name", closedBy: H5Aclose) {
            H5Aopen_by_name(source.id, "/", name, retort_default(), retort_default())
        }
        let originalID = original.id
        let type = try LibraryHandle("H5Aget_type", closedBy: H5Tclose) { H5Aget_type(originalID) }
        let space = try LibraryHandle("H5Aget_space", closedBy: H5Sclose) {
            H5Aget_space(originalID)
        }
        let creation = try PropertyList(retort_attribute_creation_class)
        let (list, typeID, spaceID) = (creation.id, type.id, space.id)
        try LibHDF5.call("H5Pset_char_encoding") { H5Pset_char_encoding(list, H5T_CSET_UTF8) }
        let copy = try LibraryHandle("H5Acreate_by_name", closedBy: H5Aclose) {
            H5Acreate_by_name(
                id, "/", name, typeID, spaceID, list, retort_default(), retort_default())
        }
        let copyID = copy.id
        let byteCount = try LibHDF5.call("H5Aget_storage_size") {
            Int(H5Aget_storage_size(originalID))
        }
        guard byteCount > 0 else { return }
        var value = [UInt8](repeating: 0, count: byteCount)
        try LibHDF5.call("H5Aread") { H5Aread(originalID, typeID, &value) }
        try LibHDF5.call("H5Awrite") { H5Awrite(copyID, typeID, value) }
    }

    /// The file as it will be published, read by our own reader.
    fileprivate func draft() throws(HDF5Error) -> HDF5File {
        try LibHDF5.call("H5Fflush") { H5Fflush(id, H5F_SCOPE_GLOBAL) }
        return try file.draft()
    }
}
