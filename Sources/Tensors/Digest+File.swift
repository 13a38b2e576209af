// SPDX-License-Identifier: Apache-2.0

import Crypto
import Glibc

extension Digest {
    /// SHA-256 of a whole file, of which a megabyte is in memory at a time.
    ///
    /// - Throws: ``TensorError`` naming the path and the reason.
    public init(hashingFile path: String) throws(TensorError) {
        func failure(_ what: String) -> TensorError {
            TensorError("\(path): cannot \(what): \(String(cString: strerror(errno)))")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open") }
        defer { close(descriptor) }
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read") }
            if count == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        self.init(hash.finalize())
    }
}
