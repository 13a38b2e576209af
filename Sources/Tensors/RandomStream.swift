// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Random numbers that are a pure function of (seed, purpose, row, position).
///
/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011, section 4.3): the seed is the key; purpose, row and position are the counter. No
/// state is shared, so results do not depend on batch size, thread count or where a run resumed.
public struct RandomStream: Sendable {
    /// What the numbers are for; streams of different purposes never overlap.
    public struct Purpose: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let initialisation = Purpose(rawValue: 1)
        public static let shuffle = Purpose(rawValue: 2)
        public static let split = Purpose(rawValue: 3)
        public static let augmentation = Purpose(rawValue: 4)
        public static let dropout = Purpose(rawValue: 5)
        public static let noise = Purpose(rawValue: 6)
        public static let attackStart = Purpose(rawValue: 7)
        public static let attackTarget = Purpose(rawValue: 8)
        public static let digits = Purpose(rawValue: 9)
        public static let test = Purpose(rawValue: 1000)
    }

    private let key: SIMD2<UInt32>
    private let purpose: UInt32
    private let row: UInt64
    private var position: UInt32 = 0
    private var block = SIMD4<UInt32>()
    private var used = 4

    /// - Parameter row: which example, epoch or tensor the numbers belong to.
    public init(seed: UInt64, purpose: Purpose, row: UInt64 = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.purpose = purpose.rawValue
        self.row = row
    }

    /// The next 32 uniform bits.
    public mutating func next() -> UInt32 {
        if used == 4 {
            block = Self.philox(
                SIMD4(
                    position, purpose, UInt32(truncatingIfNeeded: row),
                    UInt32(truncatingIfNeeded: row >> 32)), key: key)
            position &+= 1
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    /// Uniform in [0, 1), a multiple of 2^-24.
    public mutating func uniform() -> Float {
        Float(next() >> 8) * 0x1p-24
    }

    /// Uniform in [lower, upper).
    public mutating func uniform(_ lower: Float, _ upper: Float) -> Float {
        lower + (upper - lower) * uniform()
    }

    /// Uniform in 0..<bound (multiply-shift; bias below bound / 2^32). `bound` must be positive.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max))
        return Int((UInt64(next()) * UInt64(bound)) >> 32)
    }

    /// Standard normal, by Box and Muller's transform.
    public mutating func normal() -> Float {
        // (0, 1] so that the logarithm is finite.
        let radius = Double(next() >> 8) * 0x1p-24 + 0x1p-24
        let angle = Double(next()) * 0x1p-32 * 2 * Double.pi
        return Float((-2 * log(radius)).squareRoot() * cos(angle))
    }

    /// A permutation of 0..<count (Fisher and Yates).
    public mutating func permutation(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, integer(below: last + 1))
        }
        return order
    }

    /// One block of Philox4x32-10.
    static func philox(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var counter = counter
        var key = key
        for _ in 0..<10 {
            let first = UInt64(0xD251_1F53) * UInt64(counter[0])
            let second = UInt64(0xCD9E_8D57) * UInt64(counter[2])
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0],
                UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1],
                UInt32(truncatingIfNeeded: first))
            key = SIMD2(key[0] &+ 0x9E37_79B9, key[1] &+ 0xBB67_AE85)
        }
        return counter
    }
}
