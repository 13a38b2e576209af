// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Testing

@Suite struct CrashTests {
    @Test(arguments: Workload.all)
    func aKilledWriterLeavesTheOldOrTheNewState(_ workload: Workload) throws {
        let model = CrashModel(recording: try workload.record())
        let (states, problems) = model.problemsAfterKill()
        #expect(states > 20)
        #expect(problems.isEmpty, "\(problems.count) of \(states): \(problems.prefix(3))")
    }

    @Test(arguments: Workload.all)
    func aLossOfPowerLeavesTheOldOrTheNewState(_ workload: Workload) throws {
        let model = CrashModel(recording: try workload.record())
        let (states, problems) = model.problemsAfterPowerLoss(samples: 30)
        #expect(states > 50)
        #expect(problems.isEmpty, "\(problems.count) of \(states): \(problems.prefix(3))")
    }
}
