// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Immutable bytes with one owner: a heap allocation or a private file mapping.
///
/// Tensors share a region by reference, so a view of a mapped file keeps the mapping alive and
/// nothing is copied.
// Sendable by hand: the pointer is written only inside the initialisers, before anyone else
// can hold the object, and freed in `deinit`, when nobody does.
public final class ByteRegion: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer
    private let mappedCount: Int?
    /// The region that these bytes are part of, kept alive by them.
    private let parent: ByteRegion?
    /// Whether pages of the mapping may differ from the file's.
    private let isPatched: Bool

    /// Allocates `count` bytes, 64-byte aligned and zeroed unless `fill` writes them.
    public init(
        count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Swift.max(count, 1), alignment: 64)
        let used = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
        bytes = UnsafeRawBufferPointer(used)
        mappedCount = nil
        parent = nil
        isPatched = false
        // All properties are set, so `deinit` frees the memory when `fill` throws.
        try fill(used)
    }

    /// The bytes `range` of `parent`, which the part keeps alive. Traps when they are not inside.
    public init(part range: Range<Int>, of parent: ByteRegion) {
        bytes = UnsafeRawBufferPointer(rebasing: parent.bytes[range])
        mappedCount = nil
        isPatched = false
        self.parent = parent
    }

    public convenience init(copying source: UnsafeRawBufferPointer) {
        self.init(count: source.count) { $0.copyMemory(from: source) }
    }

    /// Maps the first `count` bytes of an open file, privately and copy-on-write.
    ///
    /// - Parameter patch: may rewrite bytes of the mapping before it becomes read-only; the file
    ///   itself never changes. This is how a journal is laid over a file that cannot be written.
    /// - Throws: ``TensorError`` when the mapping is refused.
    public init(
        mapping descriptor: CInt, count: Int, name: String,
        patch: ((UnsafeMutableRawBufferPointer) -> Void)? = nil
    ) throws(TensorError) {
        parent = nil
        isPatched = patch != nil
        guard count > 0 else {
            // mmap refuses empty mappings; an empty file is an empty region.
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            mappedCount = 0
            return
        }
        let protection = patch == nil ? PROT_READ : PROT_READ | PROT_WRITE
        let address = mmap(nil, count, protection, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw TensorError(
                "\(name): cannot map \(count) bytes: \(String(cString: strerror(errno)))")
        }
        if let patch {
            patch(UnsafeMutableRawBufferPointer(start: address, count: count))
            mprotect(address, count, PROT_READ)
        }
        bytes = UnsafeRawBufferPointer(start: address, count: count)
        mappedCount = count
    }

    /// Maps a whole file for reading.
    ///
    /// - Throws: ``TensorError`` naming the path and the reason.
    public convenience init(mappingFile path: String) throws(TensorError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TensorError("\(path): cannot open: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw TensorError("\(path): cannot read its size: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TensorError("\(path): is not a regular file")
        }
        try self.init(mapping: descriptor, count: Int(status.st_size), name: path)
    }

    /// Lets the system take back the memory of these bytes where they are pages of a mapped file;
    /// whoever reads them again gets them from the file. A walk over a file larger than memory
    /// calls it behind itself.
    public func releasePages() {
        var root = self
        while let parent = root.parent { root = parent }
        // What a patch wrote is in memory alone.
        guard root.mappedCount != nil, !root.isPatched, let start = bytes.baseAddress else {
            return
        }
        let page = 4096
        let first = (UInt(bitPattern: start) + UInt(page - 1)) / UInt(page) * UInt(page)
        let end = (UInt(bitPattern: start) + UInt(bytes.count)) / UInt(page) * UInt(page)
        guard end > first, let address = UnsafeMutableRawPointer(bitPattern: first) else { return }
        madvise(address, Int(end - first), MADV_DONTNEED)
    }

    public var count: Int { bytes.count }
    public var isMapped: Bool { parent?.isMapped ?? (mappedCount != nil) }

    deinit {
        guard parent == nil else { return }
        guard let address = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
        if let mappedCount {
            munmap(address, mappedCount)
        } else {
            address.deallocate()
        }
    }
}
