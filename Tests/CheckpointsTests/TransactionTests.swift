// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Tensors
import Testing
import TestSupport

@Suite struct TransactionTests {
    @Test func nothingIsSeenBeforeTheCommitAndAllOfItAfter() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net@1")
            }
            let writer = try StoreWriter.open(path: path)
            defer { writer.close() }
            let before = try Store.open(path: path)
            let view = try before.checkpoint(named: "net@1")
            try writer.append(checkpoint: Sample.checkpoint(scale: 2), named: "net@2")
            try writer.append(softLabels: Sample.softLabels(), named: "cache")
            #expect(try Store.open(path: path).entries.map(\.path) == ["/checkpoints/net@1"])
            #expect(writer.entries.count == 3)
            try writer.commit()
            #expect(try Store.open(path: path).entries.count == 3)
            // The view is of the state it was opened on.
            #expect(before.entries.count == 1 && before.verify(full: true) == [])
            #expect(view.tensors == Sample.tensors())
        }
    }

    @Test func whatIsNotCommittedIsGoneAfterClose() throws {
        try withStorePath { path in
            try makeStore(at: path) {
                try $0.append(checkpoint: Sample.checkpoint(), named: "net")
            }
            let writer = try StoreWriter.open(path: path)
            try writer.append(checkpoint: Sample.checkpoint(scale: 2), named: "other")
            try writer.remove(.checkpoint, named: "net")
            writer.close()
            let store = try Store.open(path: path)
            #expect(store.entries.map(\.path) == ["/checkpoints/net"])
            #expect(store.verify(full: true) == [])
            #expect(storeError { try writer.commit() }?.problem == "the store was closed")
        }
    }

    @Test func aSecondWriterIsRefusedByName() throws {
        try withStorePath { path in
            let writer = try StoreWriter.create(path: path)
            try writer.commit()
            let error = storeError { _ = try StoreWriter.open(path: path) }
            #expect(error?.kind == .locked)
            #expect(error?.description.contains(path) == true)
            writer.close()
            try StoreWriter.open(path: path).close()
        }
    }

    @Test func readersBesideAWriterNeverSeeHalfAState() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("store.h5").path
        try makeStore(at: path) {
            try $0.append(checkpoint: Sample.checkpoint(), named: "net@0")
            try $0.link(.checkpoint, named: "net@0", as: "net")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let writer = try StoreWriter.open(path: path)
                defer { writer.close() }
                for epoch in 1...25 {
                    try writer.append(
                        checkpoint: Sample.checkpoint(scale: Float(epoch)), named: "net@\(epoch)")
                    try writer.relink(.checkpoint, alias: "net", to: "net@\(epoch)")
                    try writer.commit()
                }
            }
            group.addTask {
                var last = 0
                while last < 25 {
                    let store = try Store.open(path: path)
                    let count = store.checkpoints.count - 2
                    #expect(count >= last)
                    last = count
                    // The newest epoch and its alias came together.
                    let net = try store.checkpoint(named: "net")
                    #expect(net.tensors == Sample.tensors(scale: Float(max(count, 1))))
                    #expect(store.verify(full: true) == [])
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func refusedContentLeavesTheTransactionAsItWas() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                try writer.append(checkpoint: Sample.checkpoint(), named: "net")
                for (content, reason) in Self.wrongCheckpoints {
                    let error = storeError {
                        try writer.append(checkpoint: content, named: "wrong")
                    }
                    #expect(error?.kind == .invalidContent)
                    #expect(
                        error?.description.contains(reason) == true, "\(String(describing: error))")
                }
            }
            #expect(try Store.open(path: path).entries.map(\.path) == ["/checkpoints/net"])
        }
    }

    static let wrongCheckpoints: [(CheckpointContent, String)] = {
        func content(_ names: String..., shape: Shape = [1]) -> CheckpointContent {
            var tensors = NamedTensors()
            for name in names {
                tensors[name] = Tensor(
                    trusted: .u8, shape: shape,
                    values: [UInt8](repeating: 0, count: shape.elementCount))
            }
            return CheckpointContent(tensors: tensors)
        }
        var list = CheckpointContent(tensors: Sample.tensors())
        list.metadata = [1, 2]
        return [
            (content(), "no tensors"), (content("a", "a/b"), "names a tensor twice"),
            (content("a/b/c", "a/b"), "names a tensor twice"), (content("a//b"), "empty component"),
            (content("/a"), "empty component"), (content("a/../b"), "component '..'"),
            (content("a\nb"), "control characters"),
            (content(String(repeating: "n", count: 1025)), "longer than"),
            (content("deep", shape: [1, 1, 1, 1, 1, 1, 1, 1, 1]), "rank 9"),
            (list, "expected an object"),
        ]
    }()

    @Test func rowTablesMustFitTogether() throws {
        try withStorePath { path in
            try makeStore(at: path) { writer in
                var labels = Sample.softLabels()
                labels.rowIndex = [1]
                #expect(
                    storeError { try writer.append(softLabels: labels, named: "x") }?
                        .problem == "2 rows of logits have 1 row indices")
                labels = Sample.softLabels()
                labels.logits = Tensor([1, .nan, 3, 30, 20, 10], shape: [2, 3])
                #expect(
                    storeError { try writer.append(softLabels: labels, named: "x") }?
                        .problem == "logit nan in row 0 is not a finite number")
                var set = Sample.adversarialSet()
                set.status[2] = 9
                #expect(
                    storeError { try writer.append(adversarialSet: set, named: "x") }?
                        .problem.contains("status 9 has no name") == true)
                set = Sample.adversarialSet()
                set.clean = Tensor([0], shape: [1, 1])
                #expect(
                    storeError { try writer.append(adversarialSet: set, named: "x") }?
                        .problem.contains("clean inputs are F32 (1, 1)") == true)
                set = Sample.adversarialSet()
                set.metadata["status_names"] = []
                #expect(
                    storeError { try writer.append(adversarialSet: set, named: "x") }?
                        .problem.contains("belongs to the format") == true)
            }
            #expect(try Store.open(path: path).entries.isEmpty)
        }
    }
}
