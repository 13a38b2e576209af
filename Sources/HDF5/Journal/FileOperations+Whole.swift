// SPDX-License-Identifier: Apache-2.0

import Glibc

extension FileOperations {
    /// Writes all of `bytes`, however many calls that takes.
    func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            do throws(SystemError) {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = try pwrite(rest, at: offset + done)
                // A call that neither fails nor advances would otherwise be repeated for ever.
                guard count > 0 else { throw SystemError(code: EIO) }
                done += count
            } catch {
                guard error.code == EINTR else { throw error }
            }
        }
    }

    /// Fills `buffer`; bytes past the end of the file read as zero. Returns how many were there.
    @discardableResult
    func readAll(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        var done = 0
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
                guard error.code == EINTR else { throw error }
            }
        }
        return done
    }

    func resize(to size: Int) throws(SystemError) {
        while true {
            do throws(SystemError) {
                return try ftruncate(to: size)
            } catch {
                guard error.code == EINTR else { throw error }
            }
        }
    }
}

extension SystemError {
    /// The last failed call's reason.
    static var last: SystemError { SystemError(code: errno) }

    static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
}
