// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Testing

@Suite struct RecoveryCrashTests {
    @Test(arguments: Workload.all.filter { $0.before != nil })
    func aRecoveryThatIsCutShortIsFinishedByTheNextOne(_ workload: Workload) throws {
        let recording = try workload.record()
        var state = recording.base
        var journals = 0
        for (position, operation) in recording.log.enumerated() {
            state.apply(operation)
            guard let journal = try Journal.read(from: RecordedFile(state)) else { continue }
            journals += 1
            #expect(!journal.pages.isEmpty)
            guard journals % 3 == 1 else { continue }
            let file = RecordedFile(state)
            try HDF5Writer.open(path: "hot.h5", operations: file).close()
            // Whatever a recovery leaves behind holds what the journal holds.
            let model = CrashModel(
                recording: Recording(
                    base: state, baseContent: try contents(of: state), log: file.log, commits: []))
            let kill = model.problemsAfterKill()
            let power = model.problemsAfterPowerLoss(samples: 10)
            #expect(kill.problems.isEmpty, "at \(position): \(kill.problems.prefix(2))")
            #expect(power.problems.isEmpty, "at \(position): \(power.problems.prefix(2))")
            #expect(file.state.bytes.count == journal.newEnd)
        }
        // One journal for each commit, seen from its last byte until it is cut off.
        #expect(journals >= workload.steps.count * 3)
    }

    @Test func aReaderSeesTheCommitInAJournalWithoutChangingTheFile() throws {
        let recording = try Workload.all[0].record()
        var state = recording.base
        var seen = 0
        for operation in recording.log {
            state.apply(operation)
            let file = RecordedFile(state)
            guard try Journal.read(from: file) != nil else { continue }
            seen += 1
            let reader = try HDF5File(reading: file, name: "hot.h5", patience: .zero)
            #expect(try contents(of: reader) == recording.commits[0].content)
            #expect(file.log.isEmpty)
        }
        #expect(seen > 0)
    }
}
