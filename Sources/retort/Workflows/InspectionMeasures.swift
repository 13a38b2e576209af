// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Interchange
import Tensors

/// What can only be said of a tensor by reading its elements.
struct TensorMeasures: Sendable {
    var statistics: TensorStatistics?
    var digest: Digest?
    /// Why there is neither, for types that are listed and not read.
    var problem: String?
}

/// Which measures were asked for.
struct MeasureRequest: Sendable {
    let statistics: Bool
    let digests: Bool

    var isEmpty: Bool { !statistics && !digests }

    /// The measures of all tensors, in order.
    ///
    /// Big tensors are read one after the other on all cores. Small ones are read side by side,
    /// as many as together have ``windowByteCount``, so that memory stays bounded by that or by
    /// the biggest tensor.
    ///
    /// - Throws: ``InterchangeError`` when elements are damaged.
    func measures(_ tensors: [InspectedTensor]) throws -> [TensorMeasures] {
        guard !isEmpty else {
            return [TensorMeasures](repeating: TensorMeasures(), count: tensors.count)
        }
        var measures: [TensorMeasures] = []
        measures.reserveCapacity(tensors.count)
        var start = 0
        while start < tensors.count {
            var end = start + 1
            var byteCount = tensors[start].entry.byteCount
            while end < tensors.count,
                byteCount < Self.windowByteCount,
                tensors[end].entry.byteCount < Self.windowByteCount - byteCount
            {
                byteCount += tensors[end].entry.byteCount
                end += 1
            }
            for result in window(tensors[start..<end]) { measures.append(try result.get()) }
            start = end
        }
        return measures
    }

    private static let windowByteCount = 16 << 20

    private func window(
        _ tensors: ArraySlice<InspectedTensor>
    ) -> [Result<TensorMeasures, any Error>] {
        typealias Outcome = Result<TensorMeasures, any Error>
        guard tensors.count > 1 else {
            return tensors.map { tensor in Outcome { try measure(tensor) } }
        }
        return [Outcome](unsafeUninitializedCapacity: tensors.count) { buffer, initialized in
            // Each iteration writes its own element, so the buffer needs no lock.
            nonisolated(unsafe) let slots = buffer
            DispatchQueue.concurrentPerform(iterations: tensors.count) { index in
                let tensor = tensors[tensors.startIndex + index]
                slots.initializeElement(at: index, to: Outcome { try measure(tensor) })
            }
            initialized = tensors.count
        }
    }

    private func measure(_ tensor: InspectedTensor) throws -> TensorMeasures {
        let elements: Tensor
        do throws(InterchangeError) {
            elements = try tensor.entry.tensor()
        } catch {
            guard error.kind == .unsupported else { throw error }
            return TensorMeasures(problem: error.problem)
        }
        return TensorMeasures(
            statistics: statistics
                ? TensorStatistics(elements, channelAxes: tensor.channelAxes) : nil,
            digest: digests ? elements.digest() : nil)
    }
}
