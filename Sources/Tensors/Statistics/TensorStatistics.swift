// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// A tensor in numbers.
///
/// Minimum, maximum, mean, deviation, norm and histogram leave NaN and infinities out, which are
/// counted instead. Sums are kept in double precision. The result does not depend on how many
/// threads there are: blocks are fixed by the element count and merged in their order.
public struct TensorStatistics: Hashable, Sendable {
    /// All elements.
    public let count: Int
    /// Elements that are neither NaN nor infinite.
    public let finiteCount: Int
    /// Of the finite elements; nil where there are none.
    public let minimum: Double?
    public let maximum: Double?
    public let mean: Double?
    /// Of the population: divided by the count, not by one less.
    public let deviation: Double?
    /// The Euclidean norm.
    public let norm: Double
    /// Both signs.
    public let zeroCount: Int
    /// Elements between zero and the smallest normal number of their own type.
    public let subnormalCount: Int
    public let nanCount: Int
    public let infinityCount: Int
    /// Nil where there are no two different finite elements.
    public let histogram: Histogram?
    /// Nil where it was not asked for.
    public let channels: ChannelActivity?

    /// Equal bins between the minimum and the maximum; the last one holds the maximum too.
    public struct Histogram: Hashable, Sendable {
        public let lower: Double
        public let upper: Double
        public let counts: [Int]
    }

    /// Reads the tensor twice, a block at a time on all cores: once for the numbers and once for
    /// the histogram.
    ///
    /// - Parameters:
    ///   - binCount: bins of the histogram; 0 for none, which saves the second reading.
    ///   - channelAxes: neighbouring axes whose positions are the output channels; nil looks for
    ///     no dead channels.
    public init(_ tensor: Tensor, binCount: Int = 16, channelAxes: Range<Int>? = nil) {
        let count = tensor.shape.elementCount
        let total = Self.total(tensor)
        self.count = count
        finiteCount = total.count
        let isEmpty = total.count == 0
        minimum = isEmpty ? nil : total.minimum + 0
        maximum = isEmpty ? nil : total.maximum + 0
        mean = isEmpty ? nil : total.mean
        deviation = isEmpty ? nil : (total.squaredDeviation / Double(total.count)).squareRoot()
        norm = (total.squaredDeviation + total.mean * total.mean * Double(total.count))
            .squareRoot()
        zeroCount = total.zeros
        subnormalCount = total.subnormals
        nanCount = total.notANumber
        infinityCount = total.infinite
        histogram =
            isEmpty || binCount < 1
            ? nil
            : Histogram(tensor, from: total.minimum, to: total.maximum, binCount: binCount)
        channels = channelAxes.flatMap { ChannelActivity(tensor, axes: $0) }
    }

    private static func total(_ tensor: Tensor) -> RunningMoments {
        let blocks = ElementBlocks(count: tensor.shape.elementCount)
        let moments = blocks.results { range in
            tensor.withUnsafeBytes { bytes in
                RunningMoments(NumberReader(bytes, tensor.elementType), range)
            }
        }
        var total = RunningMoments()
        for block in moments { total.merge(block) }
        return total
    }
}

/// How a tensor's elements are shared out among threads: in the same way whatever their number.
struct ElementBlocks {
    let count: Int
    /// Elements of a block but the last: at least 64 Ki, and more where that would give over 4,096
    /// blocks, so that what is kept for each stays small beside the tensor.
    let size: Int

    init(count: Int) {
        self.count = count
        let smallest = 1 << 16
        size = smallest * Swift.max(1, ((count + 4095) / 4096 + smallest - 1) / smallest)
    }

    /// `body` for each block on all cores; the results in order.
    func results<Value: Sendable>(_ body: @Sendable (Range<Int>) -> Value) -> [Value] {
        let blockCount = (count + size - 1) / size
        // One block is not worth waking a thread for.
        guard blockCount > 1 else { return count == 0 ? [] : [body(0..<count)] }
        return [Value](unsafeUninitializedCapacity: blockCount) { buffer, initialized in
            // Each iteration writes its own element, so the buffer needs no lock.
            nonisolated(unsafe) let slots = buffer
            DispatchQueue.concurrentPerform(iterations: blockCount) { index in
                let start = index * size
                let value = body(start..<Swift.min(start + size, count))
                slots.initializeElement(at: index, to: value)
            }
            initialized = blockCount
        }
    }
}
