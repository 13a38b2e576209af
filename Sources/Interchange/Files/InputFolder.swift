// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The folder of a file that names others beside it: shards, external data.
///
/// The names come from a stranger, so nothing outside the folder is ever opened.
struct InputFolder {
    private let path: String
    /// The folder that names are looked up in.
    let folder: String
    /// The folders, links followed, in which a file beside this one may lie.
    private let homes: Set<String>

    /// The folder of the file at `path`.
    init(of path: String) {
        self.path = path
        folder = Self.parent(path)
        // The Hugging Face cache is a folder of links to files that lie in one other folder.
        homes = Set(
            [Self.resolved(folder), Self.resolved(path).map(Self.parent)].compactMap(\.self))
    }

    /// The path of the file called `name`; nil when there is none.
    ///
    /// - Throws: ``InterchangeError`` for names of anything but a file in this very folder, and
    ///   for links that lead out of it.
    func locate(_ name: String) throws(InterchangeError) -> String? {
        let isPlain =
            !name.isEmpty && name != "." && name != ".."
            && !name.utf8.contains {
                $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20
            }
        guard isPlain else {
            throw InterchangeError(
                .malformed, path, found: "the file name '\(name)'",
                expected: "a file in the same folder")
        }
        let file = folder + "/" + name
        guard InputFile.exists(file) else { return nil }
        guard let target = Self.resolved(file), homes.contains(Self.parent(target)) else {
            throw InterchangeError(
                .malformed, path, found: "the file '\(name)', a link out of its folder",
                expected: "a file in the same folder")
        }
        return target
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func resolved(_ path: String) -> String? {
        guard let buffer = realpath(path, nil) else { return nil }
        defer { free(buffer) }
        return String(cString: buffer)
    }
}
