// SPDX-License-Identifier: Apache-2.0

/// Zeroed, 64-byte aligned floats with one owner.
// Sendable by hand: whoever holds it says in a comment what keeps its readers and writers apart.
final class FloatBuffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: Swift.max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        base = memory.bindMemory(to: Float.self, capacity: count)
        base.initialize(repeating: 0, count: count)
        self.count = count
    }

    var all: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: base, count: count)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}
