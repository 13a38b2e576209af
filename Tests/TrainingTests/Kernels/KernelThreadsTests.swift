// SPDX-License-Identifier: Apache-2.0

import Testing
import Training

struct KernelThreadsTests {
    @Test(arguments: [0, 1, 2, 3, 17, 1000])
    func everyIndexIsVisitedOnce(_ count: Int) {

        var seen = [UInt8](repeating: 0, count: count)
        seen.withUnsafeMutableBufferPointer { seen in
            // Parts are disjoint, so their bytes need no lock.
            nonisolated(unsafe) let seen = seen
            KernelThreads.split(count) { part in
                for index in part { seen[index] += 1 }
            }
        }
        #expect(seen.allSatisfy { $0 == 1 })
    }

    @Test func thereIsAtLeastOneThread() { #expect(KernelThreads.count >= 1) }
}
