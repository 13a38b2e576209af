// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

/// A file in memory on which every call succeeds.
///
/// Not shared between threads, although the protocol asks that it could be.
final class MemoryFile: FileOperations, @unchecked Sendable {
    private(set) var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func pread(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        let part = bytes.dropFirst(offset).prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }

    func pwrite(_ source: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
        let end = offset + source.count
        if end > bytes.count { try ftruncate(to: end) }
        bytes.replaceSubrange(offset..<end, with: source)
        return source.count
    }

    func fdatasync() throws(SystemError) {}

    func ftruncate(to size: Int) throws(SystemError) {
        if size < bytes.count {
            bytes.removeLast(bytes.count - size)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        }
    }

    func size() throws(SystemError) -> Int { bytes.count }

    func lock(_ lock: FileLock) throws(SystemError) -> Bool { true }

    func publish() throws(SystemError) {}

    func region(
        count: Int, patch: ((UnsafeMutableRawBufferPointer) -> Void)?
    ) throws(TensorError) -> ByteRegion {
        ByteRegion(count: count) { region in
            region.copyBytes(from: bytes.prefix(count))
            patch?(region)
        }
    }

    func close() {}
}
