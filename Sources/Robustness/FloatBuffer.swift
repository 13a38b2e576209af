// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Tensors

/// Floats on the heap, 64-byte aligned, zeroed, freed with their owner.
final class FloatBuffer {
    let values: UnsafeMutableBufferPointer<Float>

    init(count: Int) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        let start = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        start.initialize(repeating: 0, count: max(count, 1))
        values = UnsafeMutableBufferPointer(start: start, count: count)
    }

    /// The address of element `index`.
    func pointer(at index: Int) -> UnsafeMutablePointer<Float> {
        values.baseAddress.unsafelyUnwrapped + index
    }

    /// The first `count` elements, read only.
    func prefix(_ count: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: values[..<count])
    }

    func mutablePrefix(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: values[..<count])
    }

    /// A copy as an F32 tensor.
    func tensor(shape: Shape) throws(RobustnessError) -> Tensor {
        do throws(TensorError) {
            return try Tensor(.f32, shape: shape, copying: UnsafeRawBufferPointer(values))
        } catch {
            throw RobustnessError(.data, error.description)
        }
    }

    deinit { values.baseAddress?.deallocate() }
}

/// Calls `body` for every row, on all cores, in runs long enough to be worth a thread.
func forEachRowConcurrently(_ count: Int, run: Int = 32, _ body: @Sendable (Int) -> Void) {
    guard count > run else {
        for row in 0..<count { body(row) }
        return
    }
    DispatchQueue.concurrentPerform(iterations: (count + run - 1) / run) { index in
        for row in (index * run)..<min((index + 1) * run, count) { body(row) }
    }
}
