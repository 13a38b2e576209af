// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

/// Files that a killed writer has left with a journal at their end.
@Suite struct PendingJournalTests {
    /// The state right after the commit's journal was written and synced.
    private func hotState(_ recording: Recording) throws -> FileState {
        var state = recording.base
        for operation in recording.log {
            state.apply(operation)
            if operation == .sync, try Journal.read(from: RecordedFile(state)) != nil {
                return state
            }
        }
        throw HDF5Error(.missing, "no journal was written")
    }

    @Test func aFileThatNobodyMayWriteToShowsTheCommittedState() throws {
        let recording = try Workload.all[0].record()
        let state = try hotState(recording)
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("hot.h5")
            try Data(state.bytes).write(to: url)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o444], ofItemAtPath: url.path)
            let seen = try contents(of: HDF5File(path: url.path))
            #expect(seen == recording.commits[0].content)
            #expect(seen != recording.baseContent)
            #expect(try [UInt8](Data(contentsOf: url)) == state.bytes)
        }
    }

    @Test(arguments: FaultTests.failures, [false, true])
    func aRecoveryThatFailsIsReportedAndCanBeMadeAgain(
        _ failure: RecordedFile.Fault.Failure, _ isPersistent: Bool
    ) throws {
        let recording = try Workload.spread.record()
        let state = try hotState(recording)
        let healthy = RecordedFile(state)
        try HDF5Writer.open(path: "hot.h5", operations: healthy).close()
        for call in 0..<healthy.callCount {
            let file = RecordedFile(
                state, fault: .init(call: call, failure: failure, isPersistent: isPersistent))
            do throws(HDF5Error) {
                try HDF5Writer.open(path: "hot.h5", operations: file).close()
            } catch {
                #expect(error.description.contains("hot.h5"), "call \(call): \(error)")
            }
            // Whatever was done of it, the journal is still there or no longer needed.
            let again = try CrashModel.openForWriting(file.state)
            #expect(try contents(of: again) == recording.commits[0].content, "call \(call)")
        }
    }
}
