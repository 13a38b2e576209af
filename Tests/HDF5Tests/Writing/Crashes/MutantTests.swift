// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Tensors
import Testing

/// The crash model must be able to fail: each step that is left out or done in the wrong order has
/// to be noticed.
@Suite struct MutantTests {
    /// The calls of one commit: tail, sync, size, journal, sync, pages, sync, size.
    struct Commit {
        let recording: Recording
        let syncs: [Int]

        init() throws {
            let recording = try Workload.spread.record()
            let syncs = recording.log.indices.filter { recording.log[$0] == .sync }
            try #require(syncs.count == 3)
            self.recording = recording
            self.syncs = syncs
        }

        func model(_ change: (inout [RecordedFile.Operation]) -> Void) -> CrashModel {
            var mutant = recording
            change(&mutant.log)
            // The commit is acknowledged when the last of its calls has returned.
            let removed = recording.log.count - mutant.log.count
            mutant.commits = mutant.commits.map {
                Recording.Commit(end: $0.end - removed, content: $0.content)
            }
            return CrashModel(recording: mutant)
        }
    }

    @Test func theUnchangedCommitIsSound() throws {
        let model = try Commit().model { _ in }
        #expect(model.problemsAfterKill().problems.isEmpty)
        #expect(model.problemsAfterPowerLoss(samples: 100).problems.isEmpty)
    }

    @Test(arguments: 0..<3)
    func leavingOutASyncIsNoticed(_ which: Int) throws {
        let commit = try Commit()
        let model = commit.model { $0.remove(at: commit.syncs[which]) }
        #expect(!model.problemsAfterPowerLoss(samples: 60).problems.isEmpty)
    }

    @Test func copyingPagesBeforeTheJournalIsNoticed() throws {
        let commit = try Commit()
        let model = commit.model { log in
            let journal = (commit.syncs[0] + 1)...commit.syncs[1]
            let pages = (commit.syncs[1] + 1)...commit.syncs[2]
            let swapped = log[pages] + log[journal]
            log.replaceSubrange(journal.lowerBound...pages.upperBound, with: swapped)
        }
        #expect(!model.problemsAfterKill().problems.isEmpty)
    }

    @Test func cuttingTheJournalOffBeforeThePagesAreInPlaceIsNoticed() throws {
        let commit = try Commit()
        let model = commit.model { log in
            let pages = (commit.syncs[1] + 1)...commit.syncs[2]
            let cut = log.remove(at: pages.upperBound + 1)
            log.insert(cut, at: pages.lowerBound)
        }
        #expect(!model.problemsAfterKill().problems.isEmpty)
    }

    @Test func cuttingTheJournalOffBeforeThePagesAreDurableIsNoticed() throws {
        let commit = try Commit()
        let model = commit.model { log in log.swapAt(commit.syncs[2], commit.syncs[2] + 1) }
        #expect(!model.problemsAfterPowerLoss(samples: 60).problems.isEmpty)
    }

    @Test(arguments: ["create a store", "compact"])
    func namingANewFileBeforeItIsDurableIsNoticed(_ name: String) throws {
        let workload = try #require(Workload.all.first { $0.testDescription == name })
        let recording = try workload.record()
        let sync = try #require(recording.log.firstIndex(of: .sync))
        #expect(recording.log[sync + 1] == .publish)
        var model = CrashModel(recording: recording)
        #expect(model.problemsAfterPowerLoss(samples: 40).problems.isEmpty)
        model.recording.log.swapAt(sync, sync + 1)
        #expect(!model.problemsAfterPowerLoss(samples: 40).problems.isEmpty)
    }

    @Test func acknowledgingBeforeTheJournalIsDurableIsNoticed() throws {
        let commit = try Commit()
        var model = commit.model { _ in }
        model.recording.commits = model.recording.commits.map {
            Recording.Commit(end: commit.syncs[1], content: $0.content)
        }
        #expect(!model.problemsAfterPowerLoss(samples: 60).problems.isEmpty)
    }

    @Test func aReaderThatIgnoresTheJournalIsNoticed() throws {
        var model = try Commit().model { _ in }
        model.contents = { state in
            let region = state.bytes.withUnsafeBytes { ByteRegion(copying: $0) }
            return try HDF5Tests.contents(of: HDF5File(region: region, name: "crashed.h5"))
        }
        #expect(!model.problemsAfterKill().problems.isEmpty)
    }

    @Test func trustingAJournalWithoutItsDigestIsNoticed() throws {
        var model = try Commit().model { _ in }
        model.recover = { state in
            try CrashModel.openForWriting(Self.recoverWithoutDigest(state))
        }
        #expect(!model.problemsAfterPowerLoss(samples: 150).problems.isEmpty)
    }

    @Test func appendingTheFooterBeforeThePagesOfTheJournalIsHarmless() throws {
        // The digest, not the order of the writes, tells a whole journal.
        let commit = try Commit()
        let model = commit.model { log in
            let index = commit.syncs[1] - 1
            guard case .write(let offset, let bytes) = log[index] else { return }
            let split = bytes.count - Journal.footerByteCount
            log[index] = .write(offset: offset + split, bytes: Array(bytes[split...]))
            log.insert(.write(offset: offset, bytes: Array(bytes[..<split])), at: index + 1)
        }
        #expect(model.problemsAfterKill().problems.isEmpty)
    }

    /// Applies whatever calls itself a journal and has a footer of the right form.
    private static func recoverWithoutDigest(_ state: FileState) -> FileState {
        let footer = state.bytes.suffix(Journal.footerByteCount)
        func field(_ index: Int) -> Int {
            footer.dropFirst(index * 8).prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        guard footer.starts(with: Array("RETORTJ1".utf8)) else { return state }
        let (offset, count, oldEnd, newEnd) = (field(1), field(2), field(3), field(4))
        var recovered = state
        for index in 0..<count {
            let number = state.bytes[(offset + index * 8)..<(offset + index * 8 + 8)]
                .reversed().reduce(0) { $0 << 8 | Int($1) }
            guard (0..<(oldEnd + Journal.pageSize - 1) / Journal.pageSize).contains(number) else {
                continue
            }
            let start = offset + count * 8 + index * Journal.pageSize
            let used = min(Journal.pageSize, oldEnd - number * Journal.pageSize)
            recovered.apply(
                .write(
                    offset: number * Journal.pageSize,
                    bytes: Array(state.bytes[start..<(start + used)])))
        }
        recovered.apply(.truncate(size: newEnd))
        return recovered
    }
}
