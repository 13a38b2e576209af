// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Synchronization
public import Tensors

extension Tensor {
    /// How far this tensor's elements are from `other`'s, position by position in row order; the
    /// shapes may differ as long as there are as many elements.
    ///
    /// Runs on all cores; the sums are of fixed parts in a fixed order, so they do not depend on
    /// the number of threads.
    public func difference(
        from other: Tensor, tolerance: Tolerance = .none
    ) -> ElementDifference {
        precondition(shape.elementCount == other.shape.elementCount, "counts differ")
        let count = shape.elementCount
        guard count > 0 else { return ElementDifference(count: 0) }
        return withUnsafeBytes { a in
            other.withUnsafeBytes { b in
                let isSameType = elementType == other.elementType
                if isSameType, Self.areIdentical(a, b) {
                    return ElementDifference(
                        identical: count, isFloatingPoint: elementType.isFloatingPoint)
                }
                let kernel = DifferenceKernel(
                    a: a.baseAddress!, b: b.baseAddress!, typeOfA: elementType,
                    typeOfB: other.elementType, tolerance: tolerance)
                return kernel.difference(count: count, in: 1 << 16)
            }
        }
    }

    /// Compares memory on all cores and stops everywhere at the first difference.
    private static func areIdentical(
        _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer
    ) -> Bool {
        let part = 1 << 20
        // Files that differ do so in the first part nearly always.
        guard memcmp(a.baseAddress!, b.baseAddress!, min(part, a.count)) == 0 else { return false }
        let differs = Atomic(false)
        nonisolated(unsafe) let (left, right) = (a.baseAddress!, b.baseAddress!)
        let total = a.count
        DispatchQueue.concurrentPerform(iterations: (total - 1) / part) { index in
            guard !differs.load(ordering: .relaxed) else { return }
            let start = (index + 1) * part
            if memcmp(left + start, right + start, min(part, total - start)) != 0 {
                differs.store(true, ordering: .relaxed)
            }
        }
        return !differs.load(ordering: .relaxed)
    }
}

extension ElementDifference {
    /// Equal bits throughout. Norms are not computed: nothing asks for them.
    init(identical count: Int, isFloatingPoint: Bool) {
        self.init(count: count)
        differentBits = 0
        if isFloatingPoint { maximumULP = 0 }
    }
}

extension DifferenceKernel {
    /// The difference over `count` elements, in parts of `length` on all cores.
    func difference(count: Int, in length: Int) -> ElementDifference {
        let partCount = (count + length - 1) / length
        let parts = [ElementDifference](unsafeUninitializedCapacity: partCount) { buffer, used in
            // Each iteration writes its own element.
            nonisolated(unsafe) let slots = buffer
            DispatchQueue.concurrentPerform(iterations: partCount) { part in
                let start = part * length
                slots.initializeElement(
                    at: part, to: difference(over: start..<min(start + length, count)))
            }
            used = partCount
        }
        var result = ElementDifference(count: count)
        for part in parts { result.append(part) }
        return result
    }
}
