// SPDX-License-Identifier: Apache-2.0

/// Which output channels of a kernel are dead: all their weights are zero.
public struct ChannelActivity: Hashable, Sendable {
    /// The axes whose positions are the channels.
    public let axes: Range<Int>
    public let channelCount: Int
    public let deadCount: Int
    /// Row-major positions of the first dead channels along ``axes``, ascending, at most 64.
    public let dead: [Int]

    /// Nil when the tensor lacks the axes or has no elements.
    ///
    /// Reading ends as soon as every channel has shown a number that is not zero, which a living
    /// kernel's do within its first rows.
    init?(_ tensor: Tensor, axes: Range<Int>) {
        let dimensions = tensor.shape.dimensions
        guard axes.lowerBound >= 0, axes.upperBound <= dimensions.count, !axes.isEmpty,
            tensor.shape.elementCount > 0
        else { return nil }
        let inner = dimensions[axes.upperBound...].reduce(1, *)
        let channelCount = dimensions[axes].reduce(1, *)
        self.axes = axes
        self.channelCount = channelCount
        var isAlive = [Bool](repeating: false, count: channelCount)
        tensor.withUnsafeBytes { bytes in
            let isZero = ZeroTest(bytes, tensor.elementType)
            var missing = channelCount
            for start in stride(from: 0, to: tensor.shape.elementCount, by: inner * channelCount) {
                for channel in 0..<channelCount where !isAlive[channel] {
                    let first = start + channel * inner
                    guard isZero.hasOther(in: first..<(first + inner)) else { continue }
                    isAlive[channel] = true
                    missing -= 1
                }
                if missing == 0 { break }
            }
        }
        deadCount = isAlive.count { !$0 }
        dead = Array(isAlive.indices.lazy.filter { !isAlive[$0] }.prefix(64))
    }
}

/// Tells zeros of either sign by their bits.
private struct ZeroTest {
    private let bytes: UnsafeRawBufferPointer
    private let width: Int
    /// Clears the sign of floating-point numbers in the last byte; integers have one zero.
    private let lastByteMask: UInt8

    init(_ bytes: UnsafeRawBufferPointer, _ elementType: ElementType) {
        self.bytes = bytes
        width = elementType.byteCount
        switch elementType {
        case .f16, .bf16, .f32, .f64, .f8e4m3, .f8e5m2: lastByteMask = 0x7F
        case .bool, .u8, .i8, .u16, .i16, .u32, .i32, .u64, .i64: lastByteMask = 0xFF
        }
    }

    /// Whether any of the elements is not zero.
    func hasOther(in range: Range<Int>) -> Bool {
        for index in range {
            let start = index * width
            if bytes[start + width - 1] & lastByteMask != 0 { return true }
            for offset in start..<(start + width - 1) where bytes[offset] != 0 { return true }
        }
        return false
    }
}
