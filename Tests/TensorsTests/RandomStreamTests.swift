// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tensors

struct RandomStreamTests {
    /// The known-answer vectors of the Random123 library (kat_vectors, philox4x32 10).
    @Test func philoxGivesThePublishedBlocks() {
        #expect(
            RandomStream.philox(SIMD4(repeating: 0), key: SIMD2(repeating: 0))
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            RandomStream.philox(SIMD4(repeating: .max), key: SIMD2(repeating: .max))
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        #expect(
            RandomStream.philox(
                SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
                key: SIMD2(0xA409_3822, 0x299F_31D0))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test func streamsDependOnEveryPartOfTheirKey() {
        func first(_ seed: UInt64, _ purpose: RandomStream.Purpose, _ row: UInt64) -> UInt32 {
            var stream = RandomStream(seed: seed, purpose: purpose, row: row)
            return stream.next()
        }
        let values = [
            first(1, .test, 0), first(1 << 40, .test, 0), first(1, .noise, 0), first(1, .test, 1),
            first(1, .test, 1 << 40),
        ]
        #expect(Set(values).count == values.count)
        #expect(first(1, .test, 0) == values[0])
    }

    @Test func momentsAreThoseOfTheDistributions() {
        var stream = RandomStream(seed: 7, purpose: .test)
        let count = 100_000
        let uniform = (0..<count).map { _ in Double(stream.uniform()) }
        let normal = (0..<count).map { _ in Double(stream.normal()) }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        // Five standard errors.
        #expect(abs(mean(uniform) - 0.5) < 5 * (1.0 / 12).squareRoot() / 316)
        #expect(abs(mean(normal)) < 5.0 / 316)
        #expect(abs(mean(normal.map { $0 * $0 }) - 1) < 5 * 2.0.squareRoot() / 316)
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    }

    @Test func aPermutationHoldsEveryIndexOnce() {
        var stream = RandomStream(seed: 3, purpose: .shuffle)
        let order = stream.permutation(of: 1000)
        #expect(order.sorted() == Array(0..<1000))
        #expect(order != Array(0..<1000))
    }
}
