// SPDX-License-Identifier: Apache-2.0

import Glibc

extension PosixFile {
    /// The byte that a writer locks for its session: far beyond any data, so that no program that
    /// locks what it writes can collide with it.
    private static let writerByte = 0x7FFF_FFFF_FFFF_0000

    /// Linux's `F_OFD_SETLK`, which the Glibc module leaves out.
    private static let setDescriptionLock: CInt = 37

    public func lock(_ lock: FileLock) throws(SystemError) -> Bool {
        switch lock {
        case .writer: try takeWriterLock()
        case .shared: try changeFileLock(LOCK_SH)
        case .exclusive: try changeFileLock(LOCK_EX)
        }
    }

    /// Closing the descriptor is not enough: a mapping keeps the open file, and with it the locks.
    func releaseLocks() {
        _ = flock(descriptor, LOCK_UN)
        setWriterLock(F_UNLCK)
    }

    /// An open-file-description lock: unlike a process's record lock it also excludes a second
    /// writer in this process, and closing another descriptor of the file does not drop it.
    private func takeWriterLock() throws(SystemError) -> Bool {
        if setWriterLock(F_WRLCK) == 0 { return true }
        guard errno == EAGAIN || errno == EACCES else { throw .last }
        return false
    }

    @discardableResult
    private func setWriterLock(_ type: CInt) -> CInt {
        var request = flock()
        request.l_type = Int16(type)
        request.l_whence = Int16(SEEK_SET)
        request.l_start = Self.writerByte
        request.l_len = 1
        return fcntl(descriptor, Self.setDescriptionLock, &request)
    }

    /// The lock that libhdf5 takes too.
    private func changeFileLock(_ operation: CInt) throws(SystemError) -> Bool {
        while flock(descriptor, operation | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw .last }
            return false
        }
        return true
    }
}
