// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Testing

@Suite struct CrashTests {
    @Test(arguments: Workload.all + (CrashEffort.isFull ? [.longTraining] : []))
    func aKilledWriterLeavesTheOldOrTheNewState(_ workload: Workload) throws {
        let model = CrashModel(recording: try workload.record())
        let (states, problems) = model.problemsAfterKill()
        CrashEffort.report("kill", workload, states: states, problems: problems.count)
        #expect(states > 20)
        #expect(problems.isEmpty, "\(problems.count) of \(states): \(problems.prefix(3))")
    }

    @Test(arguments: Workload.all)
    func aLossOfPowerLeavesTheOldOrTheNewState(_ workload: Workload) throws {
        let model = CrashModel(recording: try workload.record())
        let (states, problems) = model.problemsAfterPowerLoss(samples: CrashEffort.powerLossSamples)
        CrashEffort.report("power loss", workload, states: states, problems: problems.count)
        #expect(states > 50)
        #expect(problems.isEmpty, "\(problems.count) of \(states): \(problems.prefix(3))")
    }

    @Test(.enabled(if: CrashEffort.isFull), arguments: Workload.all)
    func otherProgramsReadWhatACrashHasLeft(_ workload: Workload) throws {
        let recording = try workload.record()
        var crashed: [FileState] = []
        var state = recording.base
        for operation in recording.log {
            state.apply(operation)
            if state.isNamed, state != crashed.last { crashed.append(state) }
        }
        var judged = 0
        for index in stride(from: 0, to: crashed.count, by: max(1, crashed.count / 24)) {
            let recovered = try CrashModel.openForWriting(crashed[index])
            for reader in ForeignReaders.all {
                let problem = try reader.problem(with: recovered)
                #expect(problem == nil)
                judged += 1
            }
        }
        CrashEffort.report("other readers", workload, states: judged, problems: 0)
        #expect(judged > 0)
    }
}
