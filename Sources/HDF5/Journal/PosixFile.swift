// SPDX-License-Identifier: Apache-2.0

import CHDF5
import Glibc
public import Tensors

/// A store file on disk.
public final class PosixFile: FileOperations {
    let descriptor: CInt
    let path: String
    /// The stand-in name of a new file where the file system cannot hold a nameless one.
    let temporaryPath: String?
    let isNew: Bool
    /// The file at `path` that a new one is to replace.
    let replaced: FileIdentity?

    init(
        descriptor: CInt, path: String, temporaryPath: String?, isNew: Bool,
        replaced: FileIdentity? = nil
    ) {
        self.descriptor = descriptor
        self.path = path
        self.temporaryPath = temporaryPath
        self.isNew = isNew
        self.replaced = replaced
    }

    /// Opens a file that exists.
    ///
    /// - Throws: ``HDF5Error`` (`missing`, `system`) naming the path and the reason.
    public convenience init(opening path: String, writable: Bool) throws(HDF5Error) {
        let flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC
        // Without O_NONBLOCK, opening a FIFO by mistake would wait for ever.
        let descriptor = open(path, flags | O_NONBLOCK)
        guard descriptor >= 0 else {
            let kind: HDF5Error.Kind = errno == ENOENT ? .missing : .system
            throw HDF5Error(kind, file: path, "cannot open: \(SystemError.last)")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Glibc.close(descriptor)
            throw HDF5Error(.system, file: path, "is not a regular file")
        }
        self.init(descriptor: descriptor, path: path, temporaryPath: nil, isNew: false)
    }

    /// Creates a file that gets its name only with ``publish()``, so that nobody ever finds it
    /// unfinished.
    ///
    /// - Throws: ``HDF5Error`` (`exists`, `system`) naming the path and the reason.
    public convenience init(creating path: String) throws(HDF5Error) {
        try self.init(creating: path, isNameless: true)
    }

    /// - Parameter isNameless: false to use a hidden sibling from the start.
    convenience init(creating path: String, isNameless: Bool) throws(HDF5Error) {
        var status = stat()
        guard lstat(path, &status) != 0 else {
            throw HDF5Error(.exists, file: path, "exists already")
        }
        if isNameless, let nameless = Self.nameless(in: Self.folder(of: path), mode: 0o666) {
            self.init(descriptor: nameless, path: path, temporaryPath: nil, isNew: true)
            return
        }
        let sibling = Self.sibling(of: path)
        let named = open(sibling, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard named >= 0 else {
            throw HDF5Error(.system, file: path, "cannot create: \(SystemError.last)")
        }
        self.init(descriptor: named, path: path, temporaryPath: sibling, isNew: true)
    }

    /// A file without a name, or nil where it could not be given one: it is linked through /proc.
    static func nameless(in folder: String, mode: mode_t) -> CInt? {
        let descriptor = open(folder, temporaryFileFlag | O_RDWR | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return nil }
        guard access("/proc/self/fd/\(descriptor)", F_OK) != 0 else { return descriptor }
        Glibc.close(descriptor)
        return nil
    }

    public func pread(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        let count = Glibc.pread(descriptor, buffer.baseAddress, buffer.count, offset)
        guard count >= 0 else { throw .last }
        return count
    }

    public func pwrite(
        _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        let count = Glibc.pwrite(
            descriptor, bytes.baseAddress, Swift.min(bytes.count, Self.writeByteCount), offset)
        guard count >= 0 else { throw .last }
        // A hint, so that the disk is busy while the next bytes are copied to the page cache; what
        // goes wrong with it, the sync will tell.
        if count >= 1 << 20 {
            _ = sync_file_range(descriptor, offset, count, Self.startWriting)
        }
        return count
    }

    private static let writeByteCount = 16 << 20
    /// Linux's `SYNC_FILE_RANGE_WRITE`: start writing pages out, wait for nothing.
    private static let startWriting: CUnsignedInt = 2

    public func fdatasync() throws(SystemError) {
        guard Glibc.fdatasync(descriptor) == 0 else { throw .last }
    }

    public func ftruncate(to size: Int) throws(SystemError) {
        guard Glibc.ftruncate(descriptor, size) == 0 else { throw .last }
    }

    public func size() throws(SystemError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        return Int(status.st_size)
    }

    public func region(
        count: Int, patch: ((UnsafeMutableRawBufferPointer) -> Void)?
    ) throws(TensorError) -> ByteRegion {
        try ByteRegion(mapping: descriptor, count: count, name: path, patch: patch)
    }

    public func close() {
        if let temporaryPath { unlink(temporaryPath) }
        releaseLocks()
        Glibc.close(descriptor)
    }
}
