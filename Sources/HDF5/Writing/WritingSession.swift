// SPDX-License-Identifier: Apache-2.0

import CHDF5

/// A file that libhdf5 has open through the file driver, and what a writer knows about it.
/// ``HDF5Writer`` serialises the calls.
final class WritingSession {
    let file: TransactionalFile
    /// The library's identifier of the file, or nil once it is closed.
    private var identifier: hid_t?
    /// Groups known to exist, by path; "" is the root.
    var groups: Set<String> = [""]
    /// Tables whose rows are not all there: they must not become part of a committed state.
    var unfinishedTables: Set<String> = []

    init(creating file: TransactionalFile) throws(HDF5Error) {
        self.file = file
        let access = try Self.accessProperties()
        let creation = try PropertyList(retort_file_creation_class)
        try LibHDF5.call("H5Pset_obj_track_times") {
            H5Pset_obj_track_times(creation.id, false)
        }
        identifier = try Self.open(file, "H5Fcreate") {
            H5Fcreate("retort", retort_access_truncate(), creation.id, access.id)
        }
        try checkFailure()
    }

    /// The file must have been accepted by the reader.
    init(opening file: TransactionalFile) throws(HDF5Error) {
        self.file = file
        let access = try Self.accessProperties()
        identifier = try Self.open(file, "H5Fopen") {
            H5Fopen("retort", retort_access_read_write(), access.id)
        }
        file.settle()
        try checkFailure()
    }

    private static func open(
        _ file: TransactionalFile, _ name: StaticString, _ body: () -> hid_t
    ) throws(HDF5Error) -> hid_t {
        try LibHDF5.call(name) {
            FileDriver.opening = file
            defer { FileDriver.opening = nil }
            return body()
        }
    }

    private static func accessProperties() throws(HDF5Error) -> PropertyList {
        let list = try PropertyList(retort_file_access_class)
        let id = list.id
        _ = try LibHDF5.withDriver("H5Pset_driver") { driver in H5Pset_driver(id, driver, nil) }
        // Superblock 2 and checksummed object headers: nothing newer, nothing older.
        try LibHDF5.call("H5Pset_libver_bounds") {
            H5Pset_libver_bounds(id, H5F_LIBVER_V18, H5F_LIBVER_V18)
        }
        // Headers lie together instead of between the tensors, which makes opening cheap.
        try LibHDF5.call("H5Pset_meta_block_size") { H5Pset_meta_block_size(id, 16 << 10) }
        return list
    }

    /// Runs one operation.
    ///
    /// - Throws: the failure that ended the session, also when it happened in this operation. After
    ///   a failed library call the session is over: what the library has in memory may be half done.
    func perform(_ body: (WritingSession) throws(HDF5Error) -> Void) throws(HDF5Error) {
        guard identifier != nil else {
            throw HDF5Error(.missing, file: file.name, "the writer is closed")
        }
        try checkFailure()
        do throws(HDF5Error) {
            try body(self)
        } catch {
            if error.kind == .library { file.fail(.library, error.reason) }
            try checkFailure()
            throw error
        }
        try checkFailure()
    }

    /// The open file's identifier.
    var id: hid_t { identifier ?? -1 }

    func commit(patience: Duration) throws(HDF5Error) {
        if let table = unfinishedTables.min() {
            throw HDF5Error(
                .mismatch, object: table, "the table is not finished, so nothing was committed")
        }
        try LibHDF5.call("H5Fflush") { H5Fflush(id, H5F_SCOPE_GLOBAL) }
        try file.commit(patience: patience)
    }

    /// Discards what is not committed and lets go of the file.
    func close() {
        guard identifier != nil else { return }
        closeInLibrary()
        file.close()
    }

    // Also when an initialiser throws after the library has opened the file.
    deinit { closeInLibrary() }

    private func closeInLibrary() {
        guard let identifier else { return }
        self.identifier = nil
        file.isDiscarding = true
        // With the session over there is nobody to tell, and nothing reaches the file any more.
        _ = Result { () throws(HDF5Error) in
            try LibHDF5.call("H5Fclose") { H5Fclose(identifier) }
        }
    }

    private func checkFailure() throws(HDF5Error) {
        if let failure = file.failure { throw failure }
    }
}

/// A property list of the library.
struct PropertyList: ~Copyable {
    private let handle: LibraryHandle
    var id: hid_t { handle.id }

    /// - Parameter propertyClass: names the class. It is called inside the gate, because naming one
    ///   starts the library.
    init(_ propertyClass: () -> hid_t) throws(HDF5Error) {
        handle = try LibraryHandle("H5Pcreate", closedBy: H5Pclose) { H5Pcreate(propertyClass()) }
    }
}
