// SPDX-License-Identifier: Apache-2.0

import Glibc

extension FileOperations {
    /// Writes all of `bytes`, however many calls that takes.
    func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        var interruptions = Interruptions()
        while done < bytes.count {
            do throws(SystemError) {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = try pwrite(rest, at: offset + done)
                // A call that neither fails nor advances would otherwise be repeated for ever.
                guard count > 0 else { throw SystemError(code: EIO) }
                done += count
            } catch {
                try interruptions.accept(error)
            }
        }
    }

    /// Fills `buffer`; bytes past the end of the file read as zero. Returns how many were there.
    @discardableResult
    func readAll(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        var done = 0
        var interruptions = Interruptions()
        while done < buffer.count {
            do throws(SystemError) {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let count = try pread(into: rest, at: offset + done)
                if count == 0 {
                    rest.initializeMemory(as: UInt8.self, repeating: 0)
                    break
                }
                done += count
            } catch {
                try interruptions.accept(error)
            }
        }
        return done
    }

    func resize(to size: Int) throws(SystemError) {
        var interruptions = Interruptions()
        while true {
            do throws(SystemError) {
                return try ftruncate(to: size)
            } catch {
                try interruptions.accept(error)
            }
        }
    }
}

/// Counts interrupted calls, which are made again, but not for ever.
private struct Interruptions {
    private var count = 0

    /// - Throws: the error, unless it is an interruption.
    mutating func accept(_ error: SystemError) throws(SystemError) {
        count += 1
        guard error.code == EINTR, count < 1000 else { throw error }
    }
}

extension SystemError {
    /// The last failed call's reason.
    static var last: SystemError { SystemError(code: errno) }

    static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
}
