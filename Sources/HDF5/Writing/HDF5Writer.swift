// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Writes one HDF5 file in transactions.
///
/// What is written becomes part of the file, whole and durable, with ``commit()`` and in no other
/// way; a process that dies before leaves the file as it was. Nothing that is committed is ever
/// overwritten, so tensors that readers have mapped stay valid: ``unlink(_:)`` takes away the name
/// and leaves the bytes until the file is rewritten.
///
/// A file has one writer at a time. Calls from several threads wait for each other. After a failure
/// of the system (a full disk, say) every further call throws that failure again.
// Sendable by hand: the session is touched only while `turn` is locked.
public final class HDF5Writer: @unchecked Sendable {
    public let path: String
    /// How long a commit waits for programs that are opening the file, or have it open with
    /// libhdf5's locking.
    private let patience: Duration
    private let turn = Mutex<Void>(())
    private let session: WritingSession

    private init(_ session: WritingSession, path: String, patience: Duration) {
        self.path = path
        self.patience = patience
        self.session = session
    }

    /// Starts a new file. It appears under its name with the first commit.
    ///
    /// - Throws: ``HDF5Error``: `exists` when the path is taken, `system` when it cannot be created.
    public static func create(
        path: String, patience: Duration = .seconds(10)
    ) throws(HDF5Error) -> HDF5Writer {
        try create(path: path, operations: PosixFile(creating: path), patience: patience)
    }

    /// Starts a new file that takes the place of the one at `path` with its first commit; see
    /// ``PosixFile/init(replacing:)``.
    ///
    /// - Throws: ``HDF5Error``: `missing` when there is no such file, `system` when a file cannot be
    ///   created beside it.
    public static func create(
        replacing path: String, patience: Duration = .seconds(10)
    ) throws(HDF5Error) -> HDF5Writer {
        try create(path: path, operations: PosixFile(replacing: path), patience: patience)
    }

    /// Starts a new file on `operations`, which must be empty; `path` is only its name in messages.
    public static func create(
        path: String, operations: any FileOperations, patience: Duration = .seconds(10)
    ) throws(HDF5Error) -> HDF5Writer {
        do throws(HDF5Error) {
            try operations.excludeWriters(name: path)
            let session = try WritingSession(
                creating: transactional(operations, name: path, isNew: true))
            return HDF5Writer(session, path: path, patience: patience)
        } catch {
            operations.close()
            throw error.located(file: path)
        }
    }

    /// Opens an existing file, after finishing a commit that a dead writer left in its journal.
    ///
    /// - Throws: ``HDF5Error``: `missing`, `locked` when someone else writes to it, `system`, or
    ///   whatever the reader finds wrong with the file.
    public static func open(
        path: String, patience: Duration = .seconds(10)
    ) throws(HDF5Error) -> HDF5Writer {
        let file = try lockCurrentFile(at: path) { () throws(HDF5Error) in
            try PosixFile(opening: path, writable: true)
        }
        return try open(path: path, operations: file, patience: patience)
    }

    /// Takes the locks of a writing session on the file at a path.
    ///
    /// Between opening and locking, it may have been replaced by a compacted one: what was written
    /// to it would be lost with it. So it is opened again until the path leads to it.
    static func lockCurrentFile(
        at path: String, _ open: () throws(HDF5Error) -> PosixFile
    ) throws(HDF5Error) -> PosixFile {
        while true {
            let file = try open()
            do throws(HDF5Error) {
                try file.excludeWriters(name: path)
            } catch {
                file.close()
                throw error
            }
            if file.isCurrent { return file }
            file.close()
        }
    }

    /// Opens the existing file behind `operations`; `path` is only its name in messages.
    public static func open(
        path: String, operations: any FileOperations, patience: Duration = .seconds(10)
    ) throws(HDF5Error) -> HDF5Writer {
        do throws(HDF5Error) {
            try operations.excludeWriters(name: path)
            try operations.finishCommit(name: path, patience: patience)
            // What libhdf5 is going to open, our own reader has accepted, all of it.
            // The whole file, and only features that libhdf5 reads safely.
            try HDF5File(reading: operations, name: path, patience: patience).requireWritable()
            let session = try WritingSession(
                opening: transactional(operations, name: path, isNew: false))
            return HDF5Writer(session, path: path, patience: patience)
        } catch {
            operations.close()
            throw error.located(file: path)
        }
    }

    private static func transactional(
        _ operations: any FileOperations, name: String, isNew: Bool
    ) throws(HDF5Error) -> TransactionalFile {
        try refusal("cannot read its size", file: name) { () throws(SystemError) in
            try TransactionalFile(operations, name: name, isNew: isNew)
        }
    }

    /// Makes everything written so far part of the file; returns when it is on the device.
    ///
    /// - Throws: ``HDF5Error``. After `locked` (another program keeps the file open) nothing is lost
    ///   and the commit can be tried again; anything else ends this writer, and the file holds its
    ///   old state or, where the message says so, the new one.
    public func commit() throws(HDF5Error) {
        try perform { session throws(HDF5Error) in try session.commit(patience: patience) }
    }

    /// Lets go of the file. What has not been committed is discarded.
    public func close() {
        turn.withLock { _ in session.close() }
    }

    deinit { session.close() }

    /// Runs one operation, and names the file and `object` in what it throws.
    func perform(
        object: String = "", _ body: (WritingSession) throws(HDF5Error) -> Void
    ) throws(HDF5Error) {
        let result = turn.withLock { _ in
            Result { () throws(HDF5Error) in try session.perform(body) }
        }
        do throws(HDF5Error) {
            try result.get()
        } catch {
            throw error.located(file: path, object: object)
        }
    }
}

extension FileOperations {
    /// Takes the locks of a writing session.
    fileprivate func excludeWriters(name: String) throws(HDF5Error) {
        let isOnlyWriter = try refusal("cannot lock", file: name) { () throws(SystemError) in
            try lock(.writer)
        }
        guard isOnlyWriter else {
            throw HDF5Error(.locked, file: name, "another writer has it open")
        }
        let isShared = try refusal("cannot lock", file: name) { () throws(SystemError) in
            try wait(for: .shared, atMost: .seconds(2))
        }
        guard isShared else {
            throw HDF5Error(.locked, file: name, "another program is writing to it")
        }
    }

    /// Finishes a commit that a writer left in the journal when it died.
    fileprivate func finishCommit(name: String, patience: Duration) throws(HDF5Error) {
        let isUnfinished = try refusal("cannot read", file: name) { () throws(SystemError) in
            try Journal.read(from: self) != nil
        }
        guard isUnfinished else { return }
        let isAlone = try refusal("cannot lock", file: name) { () throws(SystemError) in
            try wait(for: .exclusive, atMost: patience)
        }
        guard isAlone else {
            throw HDF5Error(
                .locked, file: name, "another program has it open; close it there and try again")
        }
        try refusal("cannot finish the last commit", file: name) { () throws(SystemError) in
            try recover()
        }
        let isShared = try refusal("cannot lock", file: name) { () throws(SystemError) in
            try wait(for: .shared, atMost: .seconds(2))
        }
        guard isShared else {
            throw HDF5Error(.locked, file: name, "another program is writing to it")
        }
    }
}
