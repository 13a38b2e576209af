// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writing a file so that a reader finds the old bytes or the new ones, never half of either.
enum OutputFile {
    /// Where the bytes of a file under construction go.
    struct Sink {
        fileprivate let descriptor: CInt
        fileprivate let path: String
        /// Bytes written so far.
        private(set) var position = 0

        fileprivate init(descriptor: CInt, path: String) {
            self.descriptor = descriptor
            self.path = path
        }

        mutating func write(_ bytes: UnsafeRawBufferPointer) throws(InterchangeError) {
            try OutputFile.write(bytes, to: descriptor, path: path)
            position += bytes.count
        }

        mutating func write(_ bytes: [UInt8]) throws(InterchangeError) {
            let result = bytes.withUnsafeBytes { buffer in
                Result { () throws(InterchangeError) in
                    try OutputFile.write(buffer, to: descriptor, path: path)
                }
            }
            try result.get()
            position += bytes.count
        }
    }

    /// Replaces the file at `path` by the concatenation of `parts`.
    ///
    /// - Throws: as ``replace(_:writing:)`` does.
    static func replace(
        _ path: String, with parts: [UnsafeRawBufferPointer]
    ) throws(InterchangeError) {
        try replace(path) { (sink) throws(InterchangeError) in
            for part in parts { try sink.write(part) }
        }
    }

    /// Replaces the file at `path` by what `body` writes.
    ///
    /// The bytes go to a temporary sibling, are flushed to the disk and renamed over `path`; the
    /// folder is flushed as well, so that the name survives a power loss.
    /// - Throws: ``InterchangeError`` naming the path and the system's reason; the sibling is
    ///   removed and the old file, if any, is untouched.
    static func replace(
        _ path: String, writing body: (inout Sink) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        try put(stage(path, writing: body), at: path)
    }

    /// Writes what is to become the file at `path` to a temporary sibling, flushed to the disk,
    /// and gives its name: for models of several files, which appear together.
    ///
    /// - Throws: as ``replace(_:writing:)`` does.
    static func stage(
        _ path: String, writing body: (inout Sink) throws(InterchangeError) -> Void
    ) throws(InterchangeError) -> String {
        var template = Array((path + ".XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure(path, "cannot create it") }
        let temporary = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        do throws(InterchangeError) {
            defer { close(descriptor) }
            var sink = Sink(descriptor: descriptor, path: path)
            try body(&sink)
            // mkstemp gives 0600; a file users share gets what `open` would have given it.
            let mask = umask(0)
            umask(mask)
            guard fchmod(descriptor, 0o666 & ~mask) == 0, fsync(descriptor) == 0 else {
                throw failure(path, "cannot flush it")
            }
        } catch {
            unlink(temporary)
            throw error
        }
        return temporary
    }

    /// Replaces the file at `path` by one that `body` makes under the temporary name it is given:
    /// for writers, such as HDF5's, that open their file themselves.
    ///
    /// - Throws: as ``replace(_:writing:)`` does.
    static func replace(
        _ path: String, making body: (_ temporary: String) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        var template = Array((path + ".XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure(path, "cannot create it") }
        close(descriptor)
        let temporary = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        unlink(temporary)
        do throws(InterchangeError) {
            try body(temporary)
        } catch {
            unlink(temporary)
            throw error
        }
        try put(temporary, at: path)
    }

    /// Gives a staged file its name; removes it when that fails.
    static func put(_ temporary: String, at path: String) throws(InterchangeError) {
        guard rename(temporary, path) == 0 else {
            let error = failure(path, "cannot put it in place")
            unlink(temporary)
            throw error
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = Glibc.open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // Some file systems refuse to flush a folder; the file itself is safe.
        fsync(descriptor)
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: CInt, path: String
    ) throws(InterchangeError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let written = Glibc.write(descriptor, part.baseAddress, part.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw failure(path, "cannot write \(bytes.count) bytes")
            }
            rest = rest.dropFirst(written)
        }
    }

    private static func failure(_ path: String, _ what: String) -> InterchangeError {
        InterchangeError(.unreadable, path, "\(what): \(String(cString: strerror(errno)))")
    }
}
