// SPDX-License-Identifier: Apache-2.0

@testable import HDF5
import Tensors
import Testing

@Suite struct JournalTests {
    let journal = Journal(
        oldEnd: 10_000, newEnd: 12_000,
        pages: [(0, [UInt8](repeating: 1, count: 4096)), (2, [UInt8](repeating: 2, count: 4096))])

    private func file(_ journal: [UInt8], at offset: Int = 12_000) -> RecordedFile {
        RecordedFile(
            FileState(bytes: [UInt8](repeating: 7, count: offset) + journal, isNamed: true))
    }

    @Test func aJournalIsReadBackFromTheEndOfAFile() throws {
        let bytes = journal.encoded(at: 12_000)
        #expect(bytes.count == Journal.byteCount(pageCount: 2))
        #expect(try Journal.read(from: file(bytes)) == journal)
    }

    @Test func recoveryCopiesPagesUpToTheOldEndOnly() throws {
        let file = file(journal.encoded(at: 12_000))
        try file.recover()
        let bytes = file.state.bytes
        #expect(bytes.count == 12_000)
        #expect(bytes[..<4096].allSatisfy { $0 == 1 })
        #expect(bytes[4096..<8192].allSatisfy { $0 == 7 })
        #expect(bytes[8192..<10_000].allSatisfy { $0 == 2 })
        #expect(bytes[10_000...].allSatisfy { $0 == 7 })
    }

    @Test func anyChangedByteMakesItNoJournal() throws {
        let bytes = journal.encoded(at: 12_000)
        for index in stride(from: 0, to: bytes.count - 88, by: 131) {
            var changed = bytes
            changed[index] ^= 1
            #expect(try Journal.read(from: file(changed)) == nil, "byte \(index)")
        }
        for index in (bytes.count - 88)..<bytes.count {
            var changed = bytes
            changed[index] ^= 0x80
            #expect(try Journal.read(from: file(changed)) == nil, "byte \(index)")
        }
    }

    @Test func aJournalThatDoesNotEndTheFileIsNone() throws {
        let bytes = journal.encoded(at: 12_000)
        for count in [0, 1, 87, 88, 4096, bytes.count - 1] {
            #expect(try Journal.read(from: file(Array(bytes.prefix(count)))) == nil)
        }
        #expect(try Journal.read(from: file(bytes + [0])) == nil)
        #expect(try Journal.read(from: file(bytes, at: 12_001)) == nil)
    }

    @Test func aJournalWithASoundDigestButSenselessNumbersIsNone() throws {
        let page = [UInt8](repeating: 1, count: 4096)
        let senseless = [
            Journal(oldEnd: 13_000, newEnd: 12_000, pages: [(0, page)]),
            Journal(oldEnd: 10_000, newEnd: 12_001, pages: [(0, page)]),
            Journal(oldEnd: 10_000, newEnd: 12_000, pages: [(3, page)]),
            Journal(oldEnd: 10_000, newEnd: 12_000, pages: [(1, page), (1, page)]),
            Journal(oldEnd: 10_000, newEnd: 12_000, pages: [(2, page), (1, page)]),
        ]
        for journal in senseless {
            #expect(try Journal.read(from: file(journal.encoded(at: 12_000))) == nil)
        }
    }

    @Test func aTensorThatLooksLikeAJournalIsNeverTakenForOne() throws {
        let base = try Workload.all[0].base()
        let size = Journal.byteCount(pageCount: 1)
        func write(_ bytes: [UInt8]) throws -> [RecordedFile.Operation] {
            let file = RecordedFile(base)
            let writer = try HDF5Writer.open(path: "forged.h5", operations: file)
            try bytes.withUnsafeBytes {
                try writer.write(Tensor(.u8, shape: [size], copying: $0), at: "forged")
            }
            let log = file.log
            writer.close()
            return log
        }
        // The first attempt shows where the tensor comes to lie; the second is made for that place.
        let innocent = [UInt8](repeating: 0x11, count: size)
        let offset = try #require(
            try write(innocent).lazy.compactMap { operation in
                guard case .write(let offset, innocent) = operation else { return nil as Int? }
                return offset
            }.first)
        let page = [UInt8](repeating: 0xFF, count: 4096)
        let forged = Journal(oldEnd: base.bytes.count, newEnd: base.bytes.count, pages: [(0, page)])
            .encoded(at: offset)
        let log = try write(forged)
        #expect(log.contains(.write(offset: offset, bytes: forged)))
        var state = base
        for operation in log {
            state.apply(operation)
            #expect(try Journal.read(from: RecordedFile(state)) == nil)
            #expect(try contents(of: state) == contents(of: base))
        }
        // It is the room kept at the end of the file that foils the forgery.
        state.apply(.truncate(size: offset + size))
        #expect(try Journal.read(from: RecordedFile(state)) != nil)
    }
}
