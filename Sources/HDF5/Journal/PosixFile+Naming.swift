// SPDX-License-Identifier: Apache-2.0

import Glibc

extension PosixFile {
    /// Linux's `O_TMPFILE` on x86-64 and arm64, whose macro Swift does not import.
    static let temporaryFileFlag: CInt = 0o20_000_000 | O_DIRECTORY

    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }

    static func sibling(of path: String) -> String {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:))
        let name = path[(slash ?? path.startIndex)...]
        var source = SystemRandomNumberGenerator()
        return
            "\(path[..<(slash ?? path.startIndex)]).\(name).\(getpid())-\(source.next() as UInt64)"
    }

    public func publish() throws(SystemError) {
        guard isNew else { return }
        if let replaced {
            try replace(replaced)
        } else if let temporaryPath {
            try rename(temporaryPath)
        } else {
            try link(as: path)
        }
        // The name is durable once the file knows of it and the folder does.
        guard fsync(descriptor) == 0 else { throw .last }
        let folder = open(Self.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .last }
        defer { Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw .last }
    }

    /// Gives the nameless file a name.
    func link(as path: String) throws(SystemError) {
        let own = "/proc/self/fd/\(descriptor)"
        guard linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 else { throw .last }
    }

    /// Unlike rename, link never replaces a file that has appeared meanwhile; but FAT has no links.
    private func rename(_ temporaryPath: String) throws(SystemError) {
        if Glibc.link(temporaryPath, path) == 0 {
            unlink(temporaryPath)
            return
        }
        var status = stat()
        guard errno == EPERM || errno == EOPNOTSUPP else { throw .last }
        guard lstat(path, &status) != 0 else { throw SystemError(code: EEXIST) }
        guard Glibc.rename(temporaryPath, path) == 0 else { throw .last }
    }
}
