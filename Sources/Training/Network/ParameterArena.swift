// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// All parameters of a graph in one allocation, and their gradients in another.
///
/// Trainable parameters come first, so an optimiser walks `0..<trainableCount` of both buffers as
/// flat arrays; running statistics follow. Every slot begins on a 64-byte boundary; the few floats
/// between slots are zero and have zero gradients.
public final class ParameterArena {
    /// Where one parameter lies.
    public struct Slot: Sendable {
        public let specification: ParameterSpecification
        /// The first element's index into ``ParameterArena/values``.
        public let offset: Int
        public var count: Int { specification.shape.elementCount }
        public var range: Range<Int> { offset..<(offset + count) }
    }

    public let graph: Graph
    /// Trainable parameters in the graph's order, then the others.
    public let slots: [Slot]
    /// Floats that belong to trainable parameters, padding included.
    public let trainableCount: Int
    /// Every parameter, (total floats). Call ``valuesChanged()`` after writing.
    public let values: UnsafeMutableBufferPointer<Float>
    /// dL/dparameter of the trainable ones, (``trainableCount``), which a network's backward pass
    /// overwrites.
    public let gradients: UnsafeMutableBufferPointer<Float>
    /// Grows whenever values may have changed; networks compare it to know when to prepare their
    /// own copies of the weights again.
    public private(set) var version = 0

    private let slotIndices: [String: Int]

    /// Parameters initialised from `seed`: see ``initialise(seed:)``.
    public init(graph: Graph, seed: UInt64) {
        self.graph = graph
        var slots: [Slot] = []
        var offset = 0
        var trainableCount = 0
        let ordered =
            graph.parameters.filter(\.isTrainable) + graph.parameters.filter { !$0.isTrainable }
        for specification in ordered {
            slots.append(Slot(specification: specification, offset: offset))
            // 16 floats are 64 bytes.
            offset += (specification.shape.elementCount + 15) / 16 * 16
            if specification.isTrainable { trainableCount = offset }
        }
        self.slots = slots
        self.trainableCount = trainableCount
        slotIndices = Dictionary(
            uniqueKeysWithValues: slots.enumerated().map { ($1.specification.name, $0) })
        values = Self.allocate(offset)
        gradients = Self.allocate(trainableCount)
        initialise(seed: seed)
    }

    private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        let floats = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        floats.initialize(repeating: 0, count: max(count, 1))
        return UnsafeMutableBufferPointer(start: floats, count: count)
    }

    deinit {
        UnsafeMutableRawPointer(values.baseAddress)?.deallocate()
        UnsafeMutableRawPointer(gradients.baseAddress)?.deallocate()
    }

    public subscript(name: String) -> Slot? { slotIndices[name].map { slots[$0] } }

    /// Says that ``values`` were written, so that networks prepare their weights again.
    public func valuesChanged() { version += 1 }

    /// The values of one slot.
    public func values(of slot: Slot) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: values[slot.range])
    }

    /// The gradients of one trainable slot.
    public func gradients(of slot: Slot) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: gradients[slot.range])
    }
}
