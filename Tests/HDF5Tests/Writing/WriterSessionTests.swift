// SPDX-License-Identifier: Apache-2.0

import Foundation
@testable import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct WriterSessionTests {
    @Test func aNewFileAppearsWithItsFirstCommit() throws {
        try withTemporaryDirectory { folder in
            let path = folder.path + "/new.h5"
            let writer = try HDF5Writer.create(path: path)
            try writer.write(Tensor([1], shape: [1]), at: "x")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
            try writer.commit()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["new.h5"])
            writer.close()
            let other = try HDF5Writer.create(path: folder.path + "/never.h5")
            try other.write(Tensor([1], shape: [1]), at: "x")
            other.close()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["new.h5"])
        }
    }

    @Test func aFileSystemWithoutNamelessFilesServesAsWell() throws {
        try withTemporaryDirectory { folder in
            let path = folder.path + "/new.h5"
            let files = FileManager.default
            for isCommitted in [false, true] {
                let file = try PosixFile(creating: path, isNameless: false)
                let writer = try HDF5Writer.create(path: path, operations: file)
                try writer.write(Tensor([1], shape: [1]), at: "x")
                #expect(
                    try files.contentsOfDirectory(atPath: folder.path).allSatisfy {
                        $0.hasPrefix(".new.h5.")
                    })
                if isCommitted { try writer.commit() }
                writer.close()
                #expect(
                    try files.contentsOfDirectory(atPath: folder.path)
                        == (isCommitted ? ["new.h5"] : []))
            }
            #expect(try HDF5File(path: path).tensor(at: "x") == Tensor([1], shape: [1]))
        }
    }

    @Test func filesHaveSuperblockTwoAndStayAsSmallAsTheirContent() throws {
        let state = try Workload.all[0].base()
        #expect(state.bytes[8] == 2)
        // Two checkpoints of 7.1 KB; the rest is metadata.
        #expect(state.bytes.count < 40_000)
    }

    @Test func whatCannotBeOpenedSaysWhy() throws {
        try withTemporaryDirectory { folder in
            let missing = folder.path + "/missing.h5"
            #expect(
                throws: HDF5Error(.missing, file: missing, "cannot open: No such file or directory")
            ) { try HDF5Writer.open(path: missing) }
            let error = #expect(throws: HDF5Error.self) { try HDF5Writer.open(path: folder.path) }
            #expect(error?.description.hasPrefix(folder.path) == true)
            let text = folder.path + "/text.h5"
            try Data("not a store".utf8).write(to: URL(fileURLWithPath: text))
            let kind = #expect(throws: HDF5Error.self) { try HDF5Writer.open(path: text) }?.kind
            #expect(kind == .notHDF5)
            let nowhere = folder.path + "/nowhere/new.h5"
            #expect(throws: HDF5Error.self) { try HDF5Writer.create(path: nowhere) }
        }
    }

    @Test func anExistingFileIsNeverReplaced() throws {
        try withTemporaryDirectory { folder in
            let path = folder.path + "/taken.h5"
            let early = try HDF5Writer.create(path: path)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: HDF5Error.self) { try HDF5Writer.create(path: path) }
            #expect(error?.kind == .exists)
            try early.write(Tensor([1], shape: [1]), at: "x")
            #expect(throws: HDF5Error.self) { try early.commit() }
            early.close()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        }
    }

    @Test func whatIsNotCommittedLeavesNoTrace() throws {
        try withTemporaryDirectory { folder in
            let path = folder.path + "/store.h5"
            let writer = try HDF5Writer.create(path: path)
            try Workload.twoCheckpoints(writer)
            try writer.commit()
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            try writer.write(patterned(.f32, [100_000]), at: "big")
            try writer.unlink("checkpoints/first")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) != before)
            writer.close()
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
            #expect(throws: HDF5Error.self) { try writer.commit() }
        }
    }

    @Test func equalContentGivesEqualBytes() throws {
        try withTemporaryDirectory { folder in
            let files = try ["a", "b"].map { name in
                let path = folder.path + "/\(name).h5"
                let writer = try HDF5Writer.create(path: path)
                try Workload.twoCheckpoints(writer)
                try writer.commit()
                writer.close()
                return try Data(contentsOf: URL(fileURLWithPath: path))
            }
            #expect(files[0] == files[1])
        }
    }

    @Test func committedDataIsNeverOverwritten() throws {
        // Deleted and written in one session and in several, at the end of the file and before it:
        // libhdf5 would take the freed space for the new data.
        let file = RecordedFile()
        var writer = try HDF5Writer.create(path: "reuse.h5", operations: file)
        var live: [(range: Range<Int>, bytes: ArraySlice<UInt8>)] = []
        for round in 0..<12 {
            for index in 0..<4 {
                if round > 0, index != round % 4 { try writer.unlink("g/t\(index)") }
                if round > 1, index == (round - 1) % 4 { continue }
                guard round == 0 || index != round % 4 else { continue }
                try writer.write(
                    patterned(.f32, [500 + 100 * index], seed: UInt32(round)), at: "g/t\(index)")
            }
            if round > 1 {
                try writer.write(patterned(.f32, [300], seed: 5), at: "g/t\((round - 1) % 4)")
            }
            try writer.commit()
            let bytes = file.state.bytes
            for (range, expected) in live { #expect(bytes[range] == expected) }
            let reader = try HDF5File(reading: file, name: "reuse.h5", patience: .zero)
            for (_, object) in try #require(reader.object(at: "g")?.group).members {
                guard case .contiguous(let address?) = object.dataset?.layout else { continue }
                let range = address..<(address + (object.dataset?.storedByteCount ?? 0))
                live.append((range, bytes[range]))
            }
            if round % 3 == 2 {
                writer.close()
                writer = try HDF5Writer.open(path: "reuse.h5", operations: file)
            }
        }
        writer.close()
        #expect(live.count > 40)
    }

    @Test func pathsThatNameNothingAreRefused() throws {
        let writer = try HDF5Writer.create(path: "names.h5", operations: RecordedFile())
        defer { writer.close() }
        let tensor = Tensor([1], shape: [1])
        try writer.write(tensor, at: "a")
        for path in ["", "/", "a//b", "./a", "x/../y", "b/", "c\0d"] {
            #expect(throws: HDF5Error.self, "\(path)") { try writer.write(tensor, at: path) }
        }
        let errors: [(HDF5Error.Kind, () throws -> Void)] = [
            (.exists, { try writer.write(tensor, at: "a") }),
            (.exists, { try writer.createGroup("a") }),
            (.mismatch, { try writer.write(tensor, at: "a/b") }),
            (.missing, { try writer.unlink("b") }),
            (.missing, { try writer.unlink("a/b/c") }),
            (.missing, { try writer.link("b", at: "c") }),
            (.exists, { try writer.link("a", at: "a") }),
            (.missing, { try writer.setAttribute(.integer(1), named: "x", at: "b") }),
            (.mismatch, { try writer.setAttribute(.integer(1), named: "", at: "a") }),
            (.mismatch, { try writer.setAttribute(.string("a\0b"), named: "x", at: "a") }),
            (
                .limit,
                {
                    let bytes = [UInt8](repeating: 1, count: 70_000)
                    try writer.setAttribute(.bytes(bytes), named: "x", at: "a")
                }
            ),
            (.mismatch, { try writer.writeText("a\0b", at: "t") }),
            (.mismatch, { try writer.writeTable(Tensor([1], shape: .scalar), at: "t") }),
            (
                .mismatch,
                {
                    try writer.writeRecords(
                        [HDF5Field("x", .element(.u8))], count: 2, bytes: [1], at: "r")
                }
            ),
        ]
        for (index, (kind, body)) in errors.enumerated() {
            let error = #expect(throws: HDF5Error.self, "\(index)") { try body() }
            #expect(error?.kind == kind, "\(index): \(error as Any)")
            #expect(error?.description.hasPrefix("names.h5") == true)
        }
        // None of these mistakes ends the session.
        try writer.write(tensor, at: "b")
        try writer.commit()
    }

    @Test func aDamagedFileNeverReachesLibhdf5() throws {
        let base = try Workload.all[0].base()
        for offset in stride(from: 8, to: 4000, by: 97) {
            var state = base
            state.bytes[offset] ^= 0x55
            let file = RecordedFile(state)
            do throws(HDF5Error) {
                try HDF5Writer.open(path: "damaged.h5", operations: file).close()
            } catch {
                #expect(error.kind != .library, "\(offset): \(error)")
            }
        }
    }
}
