// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import HDF5
import Tensors
import Testing

@Suite struct FaultTests {
    static let failures: [RecordedFile.Fault.Failure] = [
        .error(ENOSPC), .error(EIO), .error(EINTR), .short,
    ]

    @Test(arguments: failures, [false, true])
    func aCallThatFailsLeavesTheOldOrTheNewStateAndIsReported(
        _ failure: RecordedFile.Fault.Failure, _ isPersistent: Bool
    ) throws {
        // Three of them in every run: an existing file, a new one, one that takes another's place.
        let workloads =
            CrashEffort.isFull ? Workload.all : [Workload.all[0], Workload.all[1], .compaction]
        for workload in workloads {
            let model = CrashModel(recording: try workload.record())
            let healthy = RecordedFile(model.recording.base)
            #expect(try run(workload, on: healthy).failure == nil)
            #expect(healthy.callCount > 5)
            CrashEffort.report(
                "fault \(failure)\(isPersistent ? " for ever" : "")", workload,
                states: healthy.callCount, problems: 0)
            // Every third commit of a long run is like the others.
            let calls = healthy.callCount > 3_000 ? 3 : 1
            for call in stride(from: 0, to: healthy.callCount, by: calls) {
                let file = RecordedFile(
                    model.recording.base,
                    fault: .init(call: call, failure: failure, isPersistent: isPersistent))
                let outcome = try run(workload, on: file)
                let problem = model.problem(file.state, least: outcome.isCommitted ? 1 : 0)
                #expect(problem == nil, "call \(call): \(outcome)")
                switch failure {
                case .short:
                    #expect(outcome.failure == nil, "call \(call)")
                case .error(let code):
                    // An interrupted write is continued; a full disk or a broken one is an error.
                    let mayPass = code == EINTR && !isPersistent
                    let isAfterCommit = outcome.isCommitted && call >= outcome.callsAtCommit
                    #expect(
                        outcome.failure != nil || mayPass || isAfterCommit, "call \(call)")
                }
            }
        }
    }

    @Test func aFailedSyncIsNeverTriedAgain() throws {
        let workload = Workload.all[0]
        let base = try workload.base()
        let healthy = RecordedFile(base)
        #expect(try run(workload, on: healthy).failure == nil)
        var syncs = 0
        for call in 0..<healthy.callCount {
            let file = RecordedFile(
                base, fault: .init(call: call, failure: .error(EIO), isPersistent: false))
            let writer: HDF5Writer
            do { writer = try workload.open(file) } catch { continue }
            defer { writer.close() }
            try? workload.steps[0](writer)
            let first = Result { try writer.commit() }
            guard file.hasFailedSync, case .failure(let failure) = first else { continue }
            syncs += 1
            let log = file.log
            let second = #expect(throws: HDF5Error.self) { try writer.commit() }
            #expect(second?.reason == (failure as? HDF5Error)?.reason)
            #expect(file.log == log, "something was written or synced after a failed sync")
        }
        // New data, journal, pages.
        #expect(syncs == 3)
    }

    @Test func afterAFailureEveryCallThrowsIt() throws {
        let base = try Workload.all[0].base()
        // The open succeeds; the first write of the transaction fails.
        let opened = RecordedFile(base)
        let calls = try withOpened(opened) { _ in opened.callCount }
        let file = RecordedFile(
            base, fault: .init(call: calls, failure: .error(ENOSPC), isPersistent: false))
        try withOpened(file) { writer in
            let tensor = Tensor([1], shape: [1])
            let first = try #require(throws: HDF5Error.self) { try writer.write(tensor, at: "x") }
            #expect(first.kind == .system)
            #expect(first.description.contains("No space left on device"))
            #expect(first.description.contains("full.h5"))
            for later in [
                { try writer.write(tensor, at: "y") }, { try writer.createGroup("g") },
                { try writer.commit() },
            ] {
                let failure = #expect(throws: HDF5Error.self) { try later() }
                #expect(failure?.reason == first.reason)
            }
        }
        #expect(try contents(of: file.state) == contents(of: base))
        #expect(file.state.bytes.count == base.bytes.count)
    }

    private func withOpened<Value>(
        _ file: RecordedFile, _ body: (HDF5Writer) throws -> Value
    ) throws -> Value {
        let writer = try HDF5Writer.open(path: "full.h5", operations: file)
        defer { writer.close() }
        return try body(writer)
    }

    private struct Outcome {
        var isCommitted = false
        var callsAtCommit = 0
        var failure: HDF5Error?
    }

    private func run(_ workload: Workload, on file: RecordedFile) throws -> Outcome {
        var outcome = Outcome()
        do {
            let writer = try workload.open(file)
            defer { writer.close() }
            try workload.steps[0](writer)
            try writer.commit()
            outcome.isCommitted = true
            outcome.callsAtCommit = file.callCount
        } catch let error as HDF5Error {
            outcome.failure = error
        }
        return outcome
    }
}
