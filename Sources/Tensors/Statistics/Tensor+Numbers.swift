// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// Some elements in row-major order as `Double`, of every type: eight-bit floating-point
    /// numbers too. Exact but for integers of 64 bits above 2^53.
    ///
    /// Traps when `range` does not lie inside the tensor.
    public func numbers(_ range: Range<Int>) -> [Double] {
        precondition(range.lowerBound >= 0 && range.upperBound <= shape.elementCount)
        var numbers: [Double] = []
        numbers.reserveCapacity(range.count)
        withUnsafeBytes { bytes in
            NumberReader(bytes, elementType).forEachRun(range) { run, count in
                numbers.append(contentsOf: UnsafeBufferPointer(start: run, count: count))
            }
        }
        return numbers
    }
}
