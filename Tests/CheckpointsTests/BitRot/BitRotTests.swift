// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Dispatch
import Foundation
import HDF5
import Synchronization
import Tensors
import TestSupport
import Testing

/// Flips single bits of what means something in a store: every one must be reported, with the
/// array it hit. `tools/bitrot` flips many more.
@Suite struct BitRotTests {
    static let flips =
        ProcessInfo.processInfo.environment["RETORT_BITROT_FLIPS"].flatMap { Int($0) } ?? 200

    /// Most bits of a store are elements, so structures get as many flips of their own.
    @Test(arguments: [false, true])
    func everyFlippedBitIsReportedWithWhatItHit(structuresOnly: Bool) throws {
        try withStorePath { path in
            try WornStore.make(at: path)
            let problems = try Store.open(path: path).verify(full: true).map(\.description)
            try #require(problems.joined(separator: "; ") == "")
            let trial = try BitRotTrial(path: path)
            let ranges = trial.live.filter { !structuresOnly || $0.dataset == nil }
            let bitCount = ranges.reduce(0) { $0 + $1.range.count } * 8
            var random = RandomStream(seed: structuresOnly ? 2 : 1, purpose: .test)
            let targets = (0..<Self.flips).map { _ in
                trial.target(random.integer(below: bitCount), in: ranges)
            }
            let verdicts = Mutex<[BitRotTrial.Verdict: [Int]]>([:])
            DispatchQueue.concurrentPerform(iterations: targets.count) { index in
                let verdict = trial.verdict(targets[index])
                verdicts.withLock { $0[verdict, default: []].append(index) }
            }
            let found = verdicts.withLock { $0 }
            for index in (found[.unnoticed] ?? []) + (found[.misnamed] ?? []) {
                Issue.record("\(found[.unnoticed]?.contains(index) == true) \(targets[index])")
            }
            let elements = targets.count { $0.dataset != nil }
            print(
                "bit rot: \(targets.count) flips, \(elements) in elements and "
                    + "\(targets.count - elements) in structures: "
                    + "\(found[.named]?.count ?? 0) reported with what they hit, "
                    + "\(found[.misnamed]?.count ?? 0) without, "
                    + "\(found[.unnoticed]?.count ?? 0) unnoticed; live are \(bitCount / 8) of "
                    + "\(trial.byteCount) bytes")
        }
    }
}
