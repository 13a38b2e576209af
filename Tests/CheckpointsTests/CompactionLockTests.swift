// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
@testable import HDF5
import Synchronization
import Tensors
import TestSupport
import Testing

/// Writers beside compactions.
@Suite struct CompactionLockTests {
    /// A writer that opens the old file just before it is replaced, and gets its lock just after,
    /// would write into a file without a name.
    @Test func nothingWrittenBesideCompactionsIsLost() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("store.h5").path
        try makeStore(at: path) { try $0.append(checkpoint: Sample.checkpoint(), named: "net@0") }
        let compactions = Counter()
        let epochs = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                var epoch = 0
                while compactions.value.load(ordering: .relaxed) < 20, epoch < 2000 {
                    epoch += 1
                    try patiently {
                        let writer = try StoreWriter.open(path: path)
                        defer { writer.close() }
                        try writer.append(
                            checkpoint: Sample.checkpoint(scale: Float(epoch)),
                            named: "net@\(epoch)")
                        try writer.commit()
                    }
                    // Lets the other have its turn.
                    usleep(1000)
                }
                return epoch
            }
            group.addTask {
                while compactions.value.load(ordering: .relaxed) < 20 {
                    try patiently { _ = try Store.compact(path: path) }
                    compactions.value.add(1, ordering: .relaxed)
                }
                return 0
            }
            return try await group.reduce(0, +)
        }
        let store = try Store.open(path: path)
        #expect(store.entries.count == epochs + 1 && store.verify(full: true) == [])
    }

    @Test func theLockOfAReplacedFileIsNotEnough() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            var stale: PosixFile? = try PosixFile(opening: path, writable: true)
            _ = try Store.compact(path: path)
            let file = try HDF5Writer.lockCurrentFile(at: path) { () throws(HDF5Error) in
                defer { stale = nil }
                if let stale { return stale }
                return try PosixFile(opening: path, writable: true)
            }
            defer { file.close() }
            #expect(file.isCurrent)
        }
    }
}

/// Tries again while another writer is at work.
private func patiently(_ body: () throws -> Void) throws {
    while true {
        do {
            return try body()
        } catch let error as StoreError where error.kind == .locked {
            usleep(200)
        }
    }
}

private final class Counter: Sendable {
    let value = Atomic(0)
}
