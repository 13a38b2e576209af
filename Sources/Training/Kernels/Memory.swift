// SPDX-License-Identifier: Apache-2.0

import COneDNN

/// Bytes that kernels work on: 64-byte aligned, zeroed, freed with the last reference.
final class Buffer {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
    /// Tensors of a plan under construction that still need the bytes.
    var users = 0
    private let isOwned: Bool

    init(byteCount: Int) {
        let size = max(byteCount, 64)
        address = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        address.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        self.byteCount = size
        isOwned = true
    }

    /// Bytes that belong to someone who outlives the plan.
    init(borrowing address: UnsafeMutableRawPointer, byteCount: Int) {
        self.address = address
        self.byteCount = byteCount
        isOwned = false
    }

    var floats: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: address.assumingMemoryBound(to: Float.self), count: byteCount / 4)
    }

    deinit { if isOwned { address.deallocate() } }
}

/// A tensor for kernels: a layout over a buffer.
final class Memory {
    let layout: Layout
    let buffer: Buffer
    let handle: dnnl_memory_t

    init(_ layout: Layout, in buffer: Buffer) throws(TrainingError) {
        precondition(layout.byteCount <= buffer.byteCount, "the tensor does not fit in its buffer")
        var memory: dnnl_memory_t?
        let engine = try OneDNN.engine()
        let status = withUnsafePointer(to: layout.native) {
            dnnl_memory_create(&memory, $0, engine, buffer.address)
        }
        try OneDNN.check(status, "wrap a tensor of shape \(layout.extents)")
        guard let memory else { throw TrainingError("oneDNN gave no memory object") }
        handle = memory
        self.layout = layout
        self.buffer = buffer
    }

    convenience init(_ layout: Layout) throws(TrainingError) {
        try self.init(layout, in: Buffer(byteCount: layout.byteCount))
    }

    deinit { dnnl_memory_destroy(handle) }
}

/// Buffers given back by one step of a plan and taken by a later one.
///
/// A plan is built in the order it runs, so a buffer whose last reader has been built may be
/// overwritten by whatever is built next.
final class BufferPool {
    private var free: [Buffer] = []

    /// The smallest free buffer that is large enough but not wastefully so, or a new one.
    func take(_ byteCount: Int) -> Buffer {
        let fitting = free.indices.filter {
            free[$0].byteCount >= byteCount && free[$0].byteCount / 2 <= max(byteCount, 64)
        }
        guard let best = fitting.min(by: { free[$0].byteCount < free[$1].byteCount }) else {
            return Buffer(byteCount: byteCount)
        }
        return free.remove(at: best)
    }

    func giveBack(_ buffer: Buffer) { free.append(buffer) }
}
