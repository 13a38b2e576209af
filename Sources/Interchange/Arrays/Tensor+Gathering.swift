// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Tensors

extension Tensor {
    /// The tensor with the bytes of every element reversed: big-endian data made little-endian.
    func byteSwapped() -> Tensor {
        withUnsafeBytes { bytes in
            switch elementType.byteCount {
            case 2: swapped(bytes, as: UInt16.self)
            case 4: swapped(bytes, as: UInt32.self)
            case 8: swapped(bytes, as: UInt64.self)
            default: self
            }
        }
    }

    private func swapped<Word: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, as _: Word.Type
    ) -> Tensor {
        let size = MemoryLayout<Word>.size
        let words = (0..<shape.elementCount).map {
            bytes.loadUnaligned(fromByteOffset: $0 * size, as: Word.self).byteSwapped
        }
        return Tensor(trusted: elementType, shape: shape, values: words)
    }

    /// A row-major copy of elements that lie elsewhere: element (i, j, ...) of the result is the
    /// element of this tensor at i * strides[0] + j * strides[1] + ...
    ///
    /// Strides count elements; the caller makes sure that they stay inside.
    func gathered(shape target: Shape, strides: [Int]) -> Tensor {
        precondition(target.rank == strides.count && target.elementCount == shape.elementCount)
        return withUnsafeBytes { bytes in
            switch elementType.byteCount {
            case 1: gather(bytes, target, strides, as: UInt8.self)
            case 2: gather(bytes, target, strides, as: UInt16.self)
            case 4: gather(bytes, target, strides, as: UInt32.self)
            default: gather(bytes, target, strides, as: UInt64.self)
            }
        }
    }

    private func gather<Word: BitwiseCopyable & Sendable>(
        _ bytes: UnsafeRawBufferPointer, _ target: Shape, _ strides: [Int], as _: Word.Type
    ) -> Tensor {
        let size = MemoryLayout<Word>.size
        let count = target.elementCount
        let words = [Word](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = count
            guard count > 0, target.rank > 0 else {
                if count == 1 {
                    buffer.initializeElement(at: 0, to: bytes.loadUnaligned(as: Word.self))
                }
                return
            }
            // Each iteration writes its own outermost row.
            nonisolated(unsafe) let output = buffer
            nonisolated(unsafe) let input = bytes
            let rowCount = count / target[0]
            let inner = target.rank - 1
            DispatchQueue.concurrentPerform(iterations: target[0]) { row in
                var index = [Int](repeating: 0, count: target.rank)
                var source = row * strides[0]
                for position in (row * rowCount)..<((row + 1) * rowCount) {
                    output.initializeElement(
                        at: position,
                        to: input.loadUnaligned(fromByteOffset: source * size, as: Word.self))
                    // An odometer over the inner axes.
                    var axis = inner
                    while axis > 0 {
                        index[axis] += 1
                        source += strides[axis]
                        if index[axis] < target[axis] { break }
                        source -= strides[axis] * target[axis]
                        index[axis] = 0
                        axis -= 1
                    }
                }
            }
        }
        return Tensor(trusted: elementType, shape: target, values: words)
    }
}
