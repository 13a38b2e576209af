// SPDX-License-Identifier: Apache-2.0

import Glibc
import Interchange
import Tensors

/// A hidden folder beside the place where files shall go: they are made and proven in it, and get
/// their names only then.
final class StagingFolder {
    let path: String
    private let parent: String
    private var isThere = true

    /// - Parameter target: a path in the folder that the files will go to.
    init(beside target: String) throws {
        parent = Self.folder(of: target)
        var template = Array((parent + "/.retort-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure("\(target): cannot be made: \(String(cString: strerror(errno)))")
        }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit { discard() }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// Where the file that will be called as `target` is called is made.
    func place(of target: String) -> String { path + "/" + Self.name(of: target) }

    /// Names of the files made, sorted.
    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Moves everything to the folder beside, `target`'s own file last, so that whoever finds it
    /// finds the others too.
    ///
    /// - Throws: ``Failure`` when another file than `target` would be replaced, or the system
    ///   refuses.
    func publish(as target: String, keeping source: String) throws {
        let main = Self.name(of: target)
        let others = names.filter { $0 != main }
        let isReplacing =
            access(target, F_OK) == 0 && Self.folder(of: source) != Self.folder(of: target)
        for name in others where !isReplacing && access(parent + "/" + name, F_OK) == 0 {
            throw Failure("\(parent)/\(name): is there already, and belongs to another model")
        }
        for name in others + [main] {
            guard rename(path + "/" + name, parent + "/" + name) == 0 else {
                throw Failure(
                    "\(parent)/\(name): cannot be put in place: "
                        + String(cString: strerror(errno)))
            }
        }
        discard()
        Self.flush(parent)
    }

    /// An error about files in the folder, in the words of the place where they were to go.
    func named(_ error: any Error, as target: String) -> any Error {
        guard error is Failure || isSentence(error) else { return error }
        let prefix = String(target.dropLast(Self.name(of: target).count))
        var failure = Failure("\(error)".replacing(path + "/", with: prefix))
        if let own = error as? Failure { failure.exitCode = own.exitCode }
        return failure
    }

    /// Makes the folder itself the result.
    func publish(folder target: String) throws {
        // rename replaces an empty folder and refuses one that holds something.
        chmod(path, 0o755)
        guard rename(path, target) == 0 else {
            throw Failure("\(target): cannot be made: \(String(cString: strerror(errno)))")
        }
        isThere = false
        Self.flush(parent)
    }

    /// Removes the folder and what is in it.
    func discard() {
        guard isThere else { return }
        isThere = false
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    private static func flush(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        // Some file systems refuse to flush a folder; the files themselves are safe.
        fsync(descriptor)
        close(descriptor)
    }
}

/// A small file of text, replaced whole or not at all.
enum TextFile {
    static func replace(_ path: String, with text: String) throws {
        let temporary = path + ".partial-\(getpid())"
        let bytes = Array(text.utf8)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure("\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
        var isWritten = bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = Glibc.write(
                    descriptor, buffer.baseAddress! + offset, buffer.count - offset)
                guard count > 0 else { return false }
                offset += count
            }
            return fsync(descriptor) == 0
        }
        isWritten = close(descriptor) == 0 && isWritten
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw Failure("\(path): cannot be written: \(reason)")
        }
    }
}

/// A file as a certificate names it.
struct FileIdentity {
    /// Relative to the file that the certificate is about.
    let name: String
    let byteCount: Int
    let digest: Digest

    init(_ path: String, name: String? = nil) throws {
        self.name = name ?? path
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw Failure("\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        byteCount = Int(status.st_size)
        digest = try Digest(hashingFile: path)
    }

    var json: JSON {
        [
            "file": .string(name), "bytes": .integer(byteCount),
            "sha256": .string(digest.hexadecimal),
        ]
    }
}
