// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct LockTests {
    @Test func aSecondWriterIsRefusedWithTheFileNamed() throws {
        try withStore { path in
            let first = try HDF5Writer.open(path: path)
            let error = #expect(throws: HDF5Error.self) { try HDF5Writer.open(path: path) }
            #expect(error?.kind == .locked)
            #expect(error?.description == "\(path): another writer has it open")
            first.close()
            try HDF5Writer.open(path: path).close()
        }
    }

    @Test func aReaderOpensBesideAWriter() throws {
        try withStore { path in
            let writer = try HDF5Writer.open(path: path)
            defer { writer.close() }
            try writer.write(Tensor([9], shape: [1]), at: "new")
            let before = try HDF5File(path: path)
            #expect(before.object(at: "new") == nil)
            try writer.commit()
            #expect(before.object(at: "new") == nil)
            #expect(try HDF5File(path: path).tensor(at: "new") == Tensor([9], shape: [1]))
        }
    }

    @Test func aCommitThatWaitsInVainLosesNothing() throws {
        try withStore { path in
            let writer = try HDF5Writer.open(path: path, patience: .milliseconds(20))
            defer { writer.close() }
            try writer.write(Tensor([9], shape: [1]), at: "new")
            // What h5py does for as long as it has a file open.
            let descriptor = open(path, O_RDONLY)
            #expect(flock(descriptor, LOCK_SH) == 0)
            let error = #expect(throws: HDF5Error.self) { try writer.commit() }
            #expect(error?.kind == .locked)
            #expect(try HDF5File(path: path).object(at: "new") == nil)
            try writer.write(Tensor([10], shape: [1]), at: "newer")
            close(descriptor)
            try writer.commit()
            #expect(try HDF5File(path: path).tensor(at: "new") == Tensor([9], shape: [1]))
            #expect(try HDF5File(path: path).tensor(at: "newer") == Tensor([10], shape: [1]))
        }
    }

    @Test func aFileThatAnotherProgramWritesIsNotOpenedForWriting() throws {
        try withStore { path in
            let descriptor = open(path, O_RDWR)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX) == 0)
            let error = #expect(throws: HDF5Error.self) { try HDF5Writer.open(path: path) }
            #expect(error?.kind == .locked)
            #expect(error?.description.hasPrefix(path) == true)
        }
    }

    @Test func libhdf5WritersAreKeptOutOfASession() throws {
        try withStore { path in
            let writer = try HDF5Writer.open(path: path)
            defer { writer.close() }
            // What H5Fopen does before it writes.
            let descriptor = open(path, O_RDWR)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0)
            try writer.write(Tensor([9], shape: [1]), at: "new")
            try writer.commit()
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        }
    }

    @Test func readersBesideAWriterSeeOnlyWholeStatesAndKeepTheirViews() throws {
        try withStore { path in
            // Each commit replaces `items` by one item more, all with the same values.
            nonisolated(unsafe) var problems: [String] = []
            let rounds = 40
            let writing = Thread {
                do {
                    let writer = try HDF5Writer.open(path: path)
                    for round in 1...rounds {
                        if round > 1 { try writer.unlink("items") }
                        for item in 0..<(round % 7 + 1) {
                            let values = [Float](repeating: Float(round), count: 3000)
                            try writer.write(Tensor(values, shape: [3000]), at: "items/i\(item)")
                        }
                        try writer.setAttribute(.integer(Int64(round)), named: "round", at: "/")
                        try writer.commit()
                    }
                    writer.close()
                } catch {
                    problems.append("writer: \(error)")
                }
            }
            writing.start()
            var seen: Set<Int> = []
            var kept: [(round: Int, tensor: Tensor)] = []
            while !writing.isFinished {
                let file = try HDF5File(path: path)
                guard let round = try file.root.attribute("round")?.integers()[0] else { continue }
                let items = try #require(file.object(at: "items")?.group)
                #expect(items.count == round % 7 + 1)
                for (_, object) in items.members {
                    let tensor = try #require(object.dataset).tensor()
                    #expect(try tensor.floats().allSatisfy { $0 == Float(round) })
                    if kept.count < 500 { kept.append((round, tensor)) }
                }
                seen.insert(round)
            }
            #expect(problems.isEmpty, "\(problems)")
            #expect(!seen.isEmpty)
            // What was mapped then still holds what it held then.
            for (round, tensor) in kept {
                #expect(try tensor.floats().allSatisfy { $0 == Float(round) })
            }
        }
    }
}

/// A committed file with one tensor in it.
private func withStore(_ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { folder in
        let path = folder.path + "/store.h5"
        let writer = try HDF5Writer.create(path: path)
        try writer.write(Tensor([1, 2, 3], shape: [3]), at: "old")
        try writer.commit()
        writer.close()
        try body(path)
    }
}
