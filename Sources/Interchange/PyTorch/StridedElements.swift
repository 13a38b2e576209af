// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Elements that lie apart, in the order of their indices. Strides may be zero.
struct StridedElements {
    let shape: Shape
    /// In elements.
    let strides: [Int]

    /// A row-major copy: element (i, j, ...) is `run`'s at i * strides[0] + j * strides[1] + ...
    ///
    /// - Throws: ``TensorError`` when the last element is not in `run`.
    func gather(_ run: Tensor) throws(TensorError) -> Tensor {
        let last = zip(shape.dimensions, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
        guard shape.elementCount == 0 || last < run.shape.elementCount else {
            throw TensorError("the strides \(strides) of \(shape) leave \(run.shape)")
        }
        let region = run.withUnsafeBytes { bytes in
            ByteRegion(count: shape.elementCount * run.elementType.byteCount) { output in
                switch run.elementType.byteCount {
                case 1: gather(bytes, to: output, as: UInt8.self)
                case 2: gather(bytes, to: output, as: UInt16.self)
                case 4: gather(bytes, to: output, as: UInt32.self)
                default: gather(bytes, to: output, as: UInt64.self)
                }
            }
        }
        return try Tensor(run.elementType, shape: shape, viewing: region)
    }

    private func gather<Word: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer, as _: Word.Type
    ) {
        let size = MemoryLayout<Word>.size
        guard let inner = shape.dimensions.indices.last else {
            output.copyBytes(from: bytes.prefix(size))
            return
        }
        let words = output.bindMemory(to: Word.self)
        let (length, step) = (shape[inner], strides[inner])
        var index = [Int](repeating: 0, count: shape.rank)
        var (source, position) = (0, 0)
        while position < words.count {
            for offset in 0..<length {
                words[position + offset] = bytes.loadUnaligned(
                    fromByteOffset: (source + offset * step) * size, as: Word.self)
            }
            position += length
            // An odometer over the outer axes.
            var axis = inner - 1
            while axis >= 0 {
                index[axis] += 1
                source += strides[axis]
                if index[axis] < shape[axis] { break }
                source -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
        }
    }
}
