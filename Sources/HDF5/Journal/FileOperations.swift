// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// One open store file, seen as the few system calls that a transaction is made of.
///
/// Every byte that a writer reads, writes or makes durable goes through here, so that tests can
/// record the calls, replay every prefix of them, and make any one of them fail. Each method is one
/// attempt: a short count and an interrupted call are the caller's to continue.
public protocol FileOperations: AnyObject, Sendable {
    /// Reads bytes at `offset` and returns how many; 0 means the end of the file.
    func pread(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int
    /// Writes bytes at `offset`, growing the file where needed, and returns how many.
    func pwrite(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) -> Int
    /// Returns when the file's bytes and its size are on the device.
    func fdatasync() throws(SystemError)
    func ftruncate(to size: Int) throws(SystemError)
    func size() throws(SystemError) -> Int
    /// Takes or changes a lock without waiting; false when someone else's lock is in the way.
    func lock(_ lock: FileLock) throws(SystemError) -> Bool
    /// Gives a file that was created without a name its path, and makes the name durable.
    /// Does nothing for a file that was opened.
    func publish() throws(SystemError)
    /// The first `count` bytes, for the reader. `patch` may change the reader's copy of them; the
    /// file stays as it is.
    func region(
        count: Int, patch: ((UnsafeMutableRawBufferPointer) -> Void)?
    ) throws(TensorError) -> ByteRegion
    /// Lets go of the file and its locks. A file that was never published disappears.
    func close()
}

/// The locks on a store. The kernel releases all of them when a process dies.
public enum FileLock: Sendable {
    /// Held by a writer for its whole session: a second writer is refused, readers are not.
    case writer
    /// Held by a reader while it opens a file and by a writer between commits: several at once.
    /// Programs built on libhdf5 take the same lock, and are kept from writing by it.
    case shared
    /// Held by a writer while it applies a commit: no reader may be opening the file then.
    case exclusive
}

/// A system call's refusal.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The value of `errno`.
    public let code: CInt

    public init(code: CInt) {
        self.code = code
    }

    public var description: String { Self.text(code) }
}
