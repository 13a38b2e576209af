// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What tells files apart, whatever they are called.
struct FileIdentity: Hashable, Sendable {
    let device: UInt
    let inode: UInt

    /// The file that `path` leads to, or nil where there is none.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }
}

extension PosixFile {
    /// Creates a file that takes the place of the one at `path` with ``publish()``; whoever has
    /// the old one open keeps it. The writer lock of the old one must be held until then.
    ///
    /// It gets the old one's permissions and, as far as this process may give them, its owner and
    /// group.
    ///
    /// - Throws: ``HDF5Error`` (`missing`, `system`) naming the path and the reason.
    public convenience init(replacing path: String) throws(HDF5Error) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let kind: HDF5Error.Kind = errno == ENOENT ? .missing : .system
            throw HDF5Error(kind, file: path, "cannot be replaced: \(SystemError.last)")
        }
        let sibling = Self.successor(of: path)
        let nameless = Self.nameless(in: Self.folder(of: path), mode: 0o600)
        // Only one process at a time replaces a file, so a sibling is what a killed one left.
        unlink(sibling)
        let descriptor =
            nameless ?? open(sibling, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw HDF5Error(
                .system, file: path, "cannot create a file beside it: \(SystemError.last)")
        }
        Self.giveAway(descriptor, like: status)
        self.init(
            descriptor: descriptor, path: path, temporaryPath: nameless == nil ? sibling : nil,
            isNew: true, replaced: FileIdentity(status))
    }

    /// Owner, group and permissions as another file has them. Whoever is not allowed to give a file
    /// to its group does not give the group's rights to his own.
    private static func giveAway(_ descriptor: CInt, like status: stat) {
        let keepsGroup =
            fchown(descriptor, status.st_uid, status.st_gid) == 0
            || fchown(descriptor, uid_t.max, status.st_gid) == 0
        fchmod(descriptor, status.st_mode & (keepsGroup ? 0o777 : 0o707))
    }

    /// What a file is called, for a moment, that is going to be called `path`.
    private static func successor(of path: String) -> String {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:))
        let start = slash ?? path.startIndex
        return "\(path[..<start]).\(path[start...]).new"
    }

    /// Takes the place of the file at the path, unless that is another one by now.
    ///
    /// - Throws: `ESTALE` in that case.
    func replace(_ replaced: FileIdentity) throws(SystemError) {
        let sibling = Self.successor(of: path)
        if temporaryPath == nil { try link(as: sibling) }
        guard FileIdentity(path: path) == replaced else {
            unlink(sibling)
            throw SystemError(code: ESTALE)
        }
        guard Glibc.rename(sibling, path) == 0 else {
            let error = SystemError.last
            unlink(sibling)
            throw error
        }
    }

    /// Whether the path still leads to this file.
    var isCurrent: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && FileIdentity(path: path) == FileIdentity(status)
    }
}
