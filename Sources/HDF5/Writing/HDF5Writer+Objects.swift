// SPDX-License-Identifier: Apache-2.0

import CHDF5

extension HDF5Writer {
    /// Makes a group, and the groups above it that are missing.
    ///
    /// - Throws: ``HDF5Error``: `exists` when the path is taken.
    public func createGroup(_ path: String) throws(HDF5Error) {
        try perform(object: path) { session throws(HDF5Error) in
            let path = try ObjectPath(path)
            try session.prepare(path)
            try session.makeGroup(path.text)
        }
    }

    /// Gives an existing object a second name; none of the two is the original.
    ///
    /// - Throws: ``HDF5Error``: `missing` for the object, `exists` when the new path is taken.
    public func link(_ existing: String, at path: String) throws(HDF5Error) {
        try perform(object: path) { session throws(HDF5Error) in
            let source = try ObjectPath(existing)
            guard try session.exists(source) else {
                throw HDF5Error(.missing, object: existing, "there is no such object to link to")
            }
            let path = try ObjectPath(path)
            try session.prepare(path)
            let properties = try PropertyList(retort_link_creation_class)
            let list = properties.id
            try LibHDF5.call("H5Pset_char_encoding") {
                H5Pset_char_encoding(list, H5T_CSET_UTF8)
            }
            try LibHDF5.call("H5Lcreate_hard") {
                H5Lcreate_hard(
                    session.id, source.text, session.id, path.text, list, retort_default())
            }
        }
    }

    /// Takes away an object's name; with a group's, those of all that is in it.
    ///
    /// The bytes stay where they are until the file is rewritten, also when it was the last name:
    /// readers may have them mapped, and the library would write new data over them.
    ///
    /// - Throws: ``HDF5Error``: `missing` when there is no such object.
    public func unlink(_ path: String) throws(HDF5Error) {
        try perform(object: path) { session throws(HDF5Error) in
            let path = try ObjectPath(path)
            guard try session.exists(path) else {
                throw HDF5Error(.missing, "there is no such object")
            }
            try session.keepAlive(path)
            try LibHDF5.call("H5Ldelete") { H5Ldelete(session.id, path.text, retort_default()) }
            let isGone = { (other: String) in
                other == path.text || other.hasPrefix(path.text + "/")
            }
            session.groups = session.groups.filter { !isGone($0) }
            session.unfinishedTables = session.unfinishedTables.filter { !isGone($0) }
        }
    }
}

extension WritingSession {
    /// Whether there is an object at `path`.
    func exists(_ path: ObjectPath) throws(HDF5Error) -> Bool {
        for prefix in path.prefixes where !groups.contains(prefix) {
            guard try hasLink(prefix) else { return false }
            // Below anything but a group there is nothing, and the library calls asking an error.
            if prefix != path.text, try !isGroup(prefix) { return false }
        }
        return true
    }

    /// Makes the groups above `path`, which itself must be free.
    func prepare(_ path: ObjectPath) throws(HDF5Error) {
        for parent in path.prefixes.dropLast() where !groups.contains(parent) {
            if try hasLink(parent) {
                guard try isGroup(parent) else {
                    throw HDF5Error(.mismatch, "'\(parent)' is not a group")
                }
                groups.insert(parent)
            } else {
                try makeGroup(parent)
            }
        }
        guard !groups.contains(path.text), try !hasLink(path.text) else {
            throw HDF5Error(.exists, "exists already")
        }
    }

    /// Makes a group whose parent exists.
    func makeGroup(_ path: String) throws(HDF5Error) {
        let creation = try PropertyList(retort_group_creation_class)
        let list = creation.id
        // Equal content gives equal bytes.
        try LibHDF5.call("H5Pset_obj_track_times") { H5Pset_obj_track_times(list, false) }
        let links = try PropertyList(retort_link_creation_class)
        let encoding = links.id
        try LibHDF5.call("H5Pset_char_encoding") {
            H5Pset_char_encoding(encoding, H5T_CSET_UTF8)
        }
        _ = try LibraryHandle("H5Gcreate2", closedBy: H5Gclose) {
            H5Gcreate2(id, path, encoding, list, retort_default())
        }
        groups.insert(path)
    }

    private func hasLink(_ path: String) throws(HDF5Error) -> Bool {
        try LibHDF5.call("H5Lexists") { H5Lexists(id, path, retort_default()) } > 0
    }

    private func isGroup(_ path: String) throws(HDF5Error) -> Bool {
        try information(path).type == H5O_TYPE_GROUP
    }

    private func information(_ path: String) throws(HDF5Error) -> H5O_info_t {
        var information = H5O_info_t()
        try LibHDF5.call("H5Oget_info_by_name2") {
            H5Oget_info_by_name2(
                id, path, &information, UInt32(H5O_INFO_BASIC), retort_default())
        }
        return information
    }

    /// Adds a name nobody sees when `path` is the object's last one, so that deleting that frees
    /// neither the object nor what is in it.
    fileprivate func keepAlive(_ path: ObjectPath) throws(HDF5Error) {
        guard try information(path.text).rc == 1 else { return }
        let object = try LibraryHandle("H5Oopen", closedBy: H5Oclose) {
            H5Oopen(id, path.text, retort_default())
        }
        let target = object.id
        try LibHDF5.call("H5Oincr_refcount") { H5Oincr_refcount(target) }
    }
}

/// A checked path from the root of a file, without a leading slash.
struct ObjectPath {
    let text: String
    /// The path of each object on the way, the object itself last.
    let prefixes: [String]

    /// - Throws: ``HDF5Error`` (`mismatch`) for an empty path or a name that HDF5 cannot hold.
    init(_ path: String) throws(HDF5Error) {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        let relative = names.first == "" ? names.dropFirst() : names[...]
        for name in relative
        where name.isEmpty || name == "." || name == ".." || name.utf8.contains(0) {
            throw HDF5Error(.mismatch, object: path, "'\(name)' is not a name for an object")
        }
        var prefixes: [String] = []
        for name in relative {
            prefixes.append(prefixes.last.map { "\($0)/\(name)" } ?? String(name))
        }
        guard let text = prefixes.last else {
            throw HDF5Error(.mismatch, object: path, "the path names no object")
        }
        self.text = text
        self.prefixes = prefixes
    }
}
