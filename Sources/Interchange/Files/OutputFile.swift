// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writing a file so that a reader finds the old bytes or the new ones, never half of either.
enum OutputFile {
    /// Replaces the file at `path` by the concatenation of `parts`.
    ///
    /// The bytes go to a temporary sibling, are flushed to the disk and renamed over `path`.
    /// - Throws: ``InterchangeError`` naming the path and the system's reason; the sibling is
    ///   removed and the old file, if any, is untouched.
    static func replace(
        _ path: String, with parts: [UnsafeRawBufferPointer]
    ) throws(InterchangeError) {
        var template = Array((path + ".XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure(path, "cannot create it") }
        let temporary = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        do throws(InterchangeError) {
            defer { close(descriptor) }
            for part in parts { try write(part, to: descriptor, path: path) }
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
        guard rename(temporary, path) == 0 else {
            let error = failure(path, "cannot put it in place")
            unlink(temporary)
            throw error
        }
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
