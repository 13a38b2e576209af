// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Interchange

@Suite struct NaturalOrderTests {
    @Test func numbersInNamesCountAsNumbers() {
        let sorted = [
            "", "a", "a.02", "a.2", "a.10", "a.10.b", "a.100", "a.b", "a10", "b", "слой.9",
            "слой.10",
        ]
        #expect(sorted.shuffled().sorted(by: NaturalOrder.precedes) == sorted)
        let huge = String(repeating: "9", count: 100)
        #expect(NaturalOrder.precedes("x\(huge)", "x1\(huge)"))
        #expect(!NaturalOrder.precedes("x1\(huge)", "x\(huge)"))
    }

    @Test func itIsAStrictOrder() {
        let names = ["7", "07", "007", "7a", "07a", "7.1", "07.2", "0", "00", "", "a0", "a00b"]
        for left in names {
            for right in names {
                let isOrdered =
                    NaturalOrder.precedes(left, right) != NaturalOrder.precedes(right, left)
                #expect(isOrdered == (left != right), "\(left) \(right)")
            }
        }
    }
}
