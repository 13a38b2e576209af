// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file whose committed bytes change only as a whole.
///
/// Bytes at or beyond the committed end go straight to the file: nothing refers to them yet. Bytes
/// below it wait in memory until ``commit()`` writes them through a ``Journal``. Whatever happens
/// before the journal is on the device leaves the file in its old state.
///
/// One writer owns the file and serialises every call.
final class TransactionalFile {
    let operations: any FileOperations
    let name: String
    /// Bytes below are committed; readers may have them mapped.
    private(set) var committedEnd: Int
    /// The end of the space that libhdf5 has given out: the file's size once it is committed.
    var allocatedEnd = 0
    /// The first refusal of the operating system. Nothing is committed after it.
    private(set) var failure: HDF5Error?
    /// Set when what libhdf5 writes no longer matters.
    var isDiscarding = false

    var overlay: PageOverlay
    var isPublished: Bool
    /// The file's size as this writer made it, or nil while the tail has not been touched.
    private(set) var physicalEnd: Int?
    /// The end of the bytes written beyond the committed end.
    private(set) var writtenEnd = 0
    private let openedSize: Int
    /// Set once the end of the file may hold a journal that counts: it must not be cut off then.
    var hasJournal = false

    /// - Parameter isNew: a new file has no committed bytes and no name yet; of an existing one
    ///   every byte counts as committed until ``settle()`` says where the space in use ends.
    /// - Throws: the system's refusal to tell the file's size.
    init(_ operations: any FileOperations, name: String, isNew: Bool) throws(SystemError) {
        self.operations = operations
        self.name = name
        committedEnd = isNew ? 0 : .max
        overlay = PageOverlay(limit: isNew ? 0 : .max)
        isPublished = !isNew
        openedSize = try operations.size()
    }

    /// The end of the bytes that can be read.
    var endOfFile: Int {
        Swift.max(openedSize, committedEnd == .max ? 0 : committedEnd, writtenEnd)
    }

    /// Takes the end of the allocated space as the committed end, after an existing file is opened.
    func settle() {
        setCommittedEnd(allocatedEnd)
    }

    var isChanged: Bool { physicalEnd != nil || !overlay.isEmpty }

    /// Remembers the first failure. From here on metadata stays in memory, so that libhdf5, which
    /// does not survive a failed write, sees none; see ``write(_:at:isRawData:)``.
    func fail(_ kind: HDF5Error.Kind, _ reason: String) {
        guard failure == nil else { return }
        failure = HDF5Error(kind, file: name, reason)
        overlay.takeOver(from: operations)
    }

    func fail(_ what: String, _ error: SystemError) {
        fail(.system, "\(what): \(error)")
    }

    /// - Throws: the system's refusal; nothing is remembered, as a failed read changes nothing.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) {
        try operations.readAll(into: buffer, at: offset)
        overlay.patch(buffer, at: offset)
    }

    /// Takes bytes from libhdf5. A refusal is remembered in ``failure`` and not reported to it.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, isRawData: Bool) {
        if isDiscarding { return }
        if failure == nil {
            do throws(SystemError) {
                try place(bytes, at: offset, isRawData: isRawData)
            } catch {
                fail("cannot write", error)
            }
        }
        // None of it will be committed, but the library must find its metadata as it left it.
        if failure != nil, !isRawData { overlay.keep(bytes, at: offset, over: operations) }
    }

    /// Puts bytes where they belong: in memory below the committed end, in the file beyond.
    private func place(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, isRawData: Bool
    ) throws(SystemError) {
        let split = Swift.max(0, Swift.min(bytes.count, committedEnd - offset))
        if split > 0 {
            guard !isRawData else {
                // Readers may have these bytes mapped. Nothing above ever asks for this.
                return fail(.library, "libhdf5 would overwrite committed data at \(offset)")
            }
            let below = UnsafeRawBufferPointer(rebasing: bytes[..<split])
            try overlay.write(below, at: offset, over: operations)
        }
        if split < bytes.count {
            let beyond = UnsafeRawBufferPointer(rebasing: bytes[split...])
            try writeTail(beyond, at: offset + split)
        }
    }

    /// Room kept at the end of an uncommitted file, so that its last bytes are always zeros: bytes
    /// that a user stores can then never be taken for the footer of a journal.
    private static let slack = 1 << 20

    private func writeTail(
        _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) {
        let end = offset + bytes.count
        try claimTail()
        if end + Journal.footerByteCount > physicalEnd ?? 0 { try resize(to: end + Self.slack) }
        writtenEnd = Swift.max(writtenEnd, end)
        try operations.writeAll(bytes, at: offset)
    }

    /// Cuts off what an earlier writer left beyond the committed end when it died.
    func claimTail() throws(SystemError) {
        guard physicalEnd == nil else { return }
        if try operations.size() > committedEnd { try operations.resize(to: committedEnd) }
        physicalEnd = committedEnd
    }

    func resize(to size: Int) throws(SystemError) {
        try operations.resize(to: size)
        physicalEnd = size
    }

    /// Starts the next transaction, whose changes lie above `end`.
    func setCommittedEnd(_ end: Int) {
        committedEnd = end
        overlay.clear(limit: end)
        physicalEnd = nil
        writtenEnd = end
        hasJournal = false
    }

    /// Gives back the space of an unfinished transaction, and lets go of the file and its locks.
    func close() {
        if isPublished, physicalEnd != nil, !hasJournal {
            // The next writer cuts the tail off should this fail; readers never look at it.
            _ = Result { () throws(SystemError) in try operations.resize(to: committedEnd) }
        }
        operations.close()
    }
}
