// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How many crashes are tried: a fixed sample in every run of the tests, all of them with
/// `RETORT_CRASHES=full` (`tools/crashes`).
enum CrashEffort {
    static let isFull = ProcessInfo.processInfo.environment["RETORT_CRASHES"] == "full"
    /// States sampled of what was pending when power was lost, for each time between two syncs.
    static let powerLossSamples = isFull ? 900 : 30
    /// So many pending operations are lost and kept in all combinations.
    static let mostEnumerated = isFull ? 10 : 5

    /// A line of the table that `tools/crashes` prints.
    static func report(_ check: String, _ workload: Workload, states: Int, problems: Int) {
        guard isFull else { return }
        print("CRASHES\t\(check)\t\(workload.testDescription)\t\(states)\t\(problems)")
    }
}
