// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import Tensors

extension Tensor {
    /// The tensor with its elements as `target`, rounded to nearest with ties to even, and what
    /// that did to them. Floating-point types only; the same type gives the same tensor.
    ///
    /// - Throws: ``TensorError`` when either type is not F16, BF16, F32 or F64.
    public func cast(
        to target: ElementType
    ) throws(TensorError) -> (tensor: Tensor, report: CastReport) {
        guard elementType.isFloatingPoint, target.isFloatingPoint else {
            throw TensorError(
                "cannot cast \(elementType) to \(target), expected two of F16, BF16, F32, F64")
        }
        let count = shape.elementCount
        var report = CastReport(source: elementType, target: target, count: count)
        if target == elementType { return (self, report) }
        let byteCount = try shape.byteCount(of: target)
        // Fixed parts, merged in order: the sums do not depend on the number of threads.
        let partLength = 1 << 16
        let partCount = (count + partLength - 1) / partLength
        var parts = [CastReport](repeating: report, count: partCount)
        let region = withUnsafeBytes { bytes in
            ByteRegion(count: byteCount) { buffer in
                parts.withUnsafeMutableBufferPointer { reports in
                    // Each iteration writes its own part.
                    nonisolated(unsafe) let (input, output, slots) = (bytes, buffer, reports)
                    DispatchQueue.concurrentPerform(iterations: partCount) { part in
                        let start = part * partLength
                        slots[part] = cast(
                            input, to: output, start..<min(start + partLength, count), target)
                    }
                }
            }
        }
        for part in parts { report.append(part) }
        return (try Tensor(target, shape: shape, viewing: region), report)
    }

    private func cast(
        _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer,
        _ elements: Range<Int>, _ target: ElementType
    ) -> CastReport {
        var report = CastReport(source: elementType, target: target, count: elements.count)
        let length = ElementBlocks.length
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * length) { buffer in
            let before = buffer.baseAddress!
            let after = before + length
            for start in stride(from: elements.lowerBound, to: elements.upperBound, by: length) {
                let count = min(length, elements.upperBound - start)
                let from = input.baseAddress! + start * elementType.byteCount
                let to = output.baseAddress! + start * target.byteCount
                ElementBlocks.decode(elementType, from, count: count, to: before)
                ElementNarrowing.encode(before, count: count, as: target, to: to)
                ElementBlocks.decode(target, to, count: count, to: after)
                report.append(before, after, count: count)
            }
        }
        return report
    }
}
