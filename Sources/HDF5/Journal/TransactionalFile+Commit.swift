// SPDX-License-Identifier: Apache-2.0

import Glibc

extension TransactionalFile {
    /// Makes everything written so far the file's state, and returns when that is durable.
    ///
    /// - Throws: ``HDF5Error``. `locked`: another program has had the file open for longer than
    ///   `patience`; nothing is lost and the commit can be tried again. Anything else ends the
    ///   session: the file holds the old state or, where the message says so, the new one.
    func commit(patience: Duration) throws(HDF5Error) {
        if let failure { throw failure }
        guard isChanged else { return }
        guard allocatedEnd >= committedEnd else {
            fail(.library, "libhdf5 gave back committed space")
            return try commit(patience: patience)
        }
        guard isPublished else { return try publish() }
        // Most of the time goes here, while readers still come and go.
        try step("cannot make the new data durable") { () throws(SystemError) in
            try operations.fdatasync()
        }
        guard try wait(for: .exclusive, atMost: patience) else {
            try retakeSharedLock()
            throw HDF5Error(
                .locked, file: name,
                "another program has it open; close it there and commit again")
        }
        let applied = Result { () throws(HDF5Error) in try apply() }
        try retakeSharedLock()
        try applied.get()
    }

    /// The first commit of a new file: it appears under its name, whole.
    private func publish() throws(HDF5Error) {
        try step("cannot write") { () throws(SystemError) in try resize(to: allocatedEnd) }
        try step("cannot make the new file durable") { () throws(SystemError) in
            try operations.fdatasync()
        }
        do throws(SystemError) {
            try operations.publish()
        } catch {
            let kind: HDF5Error.Kind = error.code == EEXIST ? .exists : .system
            let reason = error.code == ESTALE ? "another file has come in its place" : "\(error)"
            fail(kind, "cannot give the new file its name: \(reason)")
            if let failure { throw failure }
        }
        isPublished = true
        setCommittedEnd(allocatedEnd)
    }

    /// Journal, then pages in place, under the exclusive lock.
    private func apply() throws(HDF5Error) {
        try checkUntouched()
        let pages = overlay.sortedPages
        let journal = Journal(oldEnd: committedEnd, newEnd: allocatedEnd, pages: pages)
        if !pages.isEmpty {
            try append(journal)
            do throws(SystemError) {
                try operations.copyIntoPlace(journal)
                try operations.fdatasync()
            } catch {
                fail(
                    .system,
                    "the commit is safe in the file's journal, but copying it into place failed "
                        + "(\(error)); the next writer that opens the file finishes it")
                if let failure { throw failure }
            }
        }
        do throws(SystemError) {
            try resize(to: allocatedEnd)
        } catch {
            fail(.system, "the commit is durable, but the file could not be cut to size: \(error)")
            if let failure { throw failure }
        }
        setCommittedEnd(allocatedEnd)
    }

    /// Appends the journal and makes it durable; with that the commit has happened.
    private func append(_ journal: Journal) throws(HDF5Error) {
        guard journal.pages.count <= Journal.maximumPageCount else {
            fail(
                .limit,
                "a commit may change at most \(Journal.maximumPageCount) pages of old metadata, "
                    + "this one changes \(journal.pages.count)")
            if let failure { throw failure }
            return
        }
        let offset = Swift.max(allocatedEnd, writtenEnd)
        let bytes = journal.encoded(at: offset)
        try step("cannot write the journal") { () throws(SystemError) in
            // The journal must end with the file, and what it is written over must be zeros.
            try claimTail()
            try resize(to: offset + bytes.count)
            let result = bytes.withUnsafeBytes { buffer in
                Result { () throws(SystemError) in try operations.writeAll(buffer, at: offset) }
            }
            try result.get()
        }
        // Even if the next call fails, the journal may have reached the device.
        hasJournal = true
        try step("cannot make the journal durable; the commit may or may not have happened") {
            () throws(SystemError) in try operations.fdatasync()
        }
    }

    /// While waiting for the exclusive lock the shared one is not held, and a program that does not
    /// know our writer lock could have written.
    private func checkUntouched() throws(HDF5Error) {
        try step("cannot read the file's size") { () throws(SystemError) in
            let size = try operations.size()
            if let physicalEnd, size != physicalEnd {
                fail(.damaged, "another program has written to it meanwhile")
            }
        }
        if let failure { throw failure }
    }

    /// Runs system calls whose refusal ends the session. A failed sync is never tried again: the
    /// kernel may have dropped the dirty pages and report success the second time.
    private func step(
        _ what: String, _ body: () throws(SystemError) -> Void
    ) throws(HDF5Error) {
        do throws(SystemError) {
            try body()
        } catch {
            fail(what, error)
        }
        if let failure { throw failure }
    }
}

extension TransactionalFile {
    /// Tries to take a lock until it is free or `patience` has run out.
    func wait(for lock: FileLock, atMost patience: Duration) throws(HDF5Error) -> Bool {
        do throws(SystemError) {
            return try operations.wait(for: lock, atMost: patience)
        } catch {
            fail("cannot lock", error)
            throw failure ?? HDF5Error(.system, file: name, "cannot lock: \(error)")
        }
    }

    /// Goes back from the exclusive to the shared lock, which nobody can prevent for long.
    private func retakeSharedLock() throws(HDF5Error) {
        guard try wait(for: .shared, atMost: .seconds(10)) else {
            fail(.locked, "another program writes to it")
            if let failure { throw failure }
            return
        }
    }
}

extension FileOperations {
    /// Tries to take a lock until it is free or `patience` has run out; false if it never was.
    func wait(for lock: FileLock, atMost patience: Duration) throws(SystemError) -> Bool {
        let start = ContinuousClock.now
        var pause: useconds_t = 100
        while try !self.lock(lock) {
            guard ContinuousClock.now - start < patience else { return false }
            usleep(pause)
            pause = Swift.min(pause * 2, 10_000)
        }
        return true
    }

    /// Copies a journal's pages to where they belong. Doing it again changes nothing.
    func copyIntoPlace(_ journal: Journal) throws(SystemError) {
        for page in journal.pages {
            let range = journal.target(of: page.number)
            let result = page.bytes.withUnsafeBytes { bytes in
                Result { () throws(SystemError) in
                    try writeAll(
                        UnsafeRawBufferPointer(rebasing: bytes[..<range.count]),
                        at: range.lowerBound)
                }
            }
            try result.get()
        }
    }

    /// Finishes a commit that a writer left in the journal when it died. Needs the exclusive lock.
    func recover() throws(SystemError) {
        guard let journal = try Journal.read(from: self) else { return }
        try copyIntoPlace(journal)
        try fdatasync()
        try resize(to: journal.newEnd)
    }
}
