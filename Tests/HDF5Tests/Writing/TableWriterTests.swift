// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct TableWriterTests {
    @Test(arguments: [ElementType.u8, .f16, .i32, .f64], [1, 7, 100])
    func rowsAreReadBackWhateverTheChunk(_ type: ElementType, _ rowsPerChunk: Int) throws {
        let tensor = try patterned(type, [100, 3])
        try withWritten { writer in
            try writer.writeTable(tensor, at: "table", rowsPerChunk: rowsPerChunk)
        } read: { file throws in
            let dataset = try file.dataset(at: "table")
            #expect(try dataset.tensor() == tensor)
            #expect(try dataset.tensor(rows: 6..<15) == tensor.rows(6..<15))
        }
    }

    @Test func rowsAppendedInBatchesMakeTheSameTable() throws {
        let tensor = try patterned(.f32, [1000, 10])
        try withWritten { writer in
            let table = try writer.table(.f32, shape: [1000, 10], at: "a", rowsPerChunk: 16)
            var row = 0
            for count in [1, 0, 37, 200, 762] {
                try table.append(tensor.rows(row..<(row + count)))
                row += count
            }
            try table.finish()
            try writer.writeTable(tensor, at: "b", rowsPerChunk: 16)
        } read: { file throws in
            let a = try file.dataset(at: "a")
            let b = try file.dataset(at: "b")
            #expect(try a.tensor() == tensor)
            #expect(a.storedByteCount == b.storedByteCount)
        }
    }

    @Test func numbersThatRepeatShrinkAndNoiseDoesNotGrow() throws {
        let rows = 4000
        let logits = Tensor((0..<(rows * 10)).map { Float($0 % 7) }, shape: [rows, 10])
        let noise = try patterned(.u8, [rows, 40])
        try withWritten { writer in
            try writer.writeTable(logits, at: "logits")
            try writer.writeTable(noise, at: "noise")
        } read: { file throws in
            let shrunk = try file.dataset(at: "logits")
            #expect(shrunk.storedByteCount < logits.byteCount / 10)
            let stored = try file.dataset(at: "noise")
            #expect(stored.storedByteCount <= noise.byteCount + 8)
            #expect(try stored.tensor() == noise)
        }
    }

    @Test(arguments: [ElementType.f32, .f64, .f16])
    func noiseInLowBytesIsStoredAndTheRestCompressed(_ type: ElementType) throws {
        // Chunks large enough for the question whether a plane is noise.
        let rows = 300_000
        var chance = Chance(state: 11)
        let values = (0..<rows).map { _ in
            (Float(chance.next() % 65_536) + Float(chance.next() % 65_536) / 65_536) / 9_000 - 3.6
        }
        let tensor: Tensor =
            switch type {
            case .f32: Tensor(values, shape: [rows])
            case .f16: Tensor(trusted: .f16, shape: [rows], values: values.map { Float16($0) })
            default: Tensor(trusted: .f64, shape: [rows], values: values.map { Double($0) })
            }
        try withWritten { writer in
            try writer.writeTable(tensor, at: "table")
        } read: { file throws in
            let dataset = try file.dataset(at: "table")
            #expect(try dataset.tensor() == tensor)
            #expect(dataset.storedByteCount < tensor.byteCount * 19 / 20)
        }
    }

    @Test func anUnfinishedTableCannotBeCommitted() throws {
        try withTemporaryDirectory { folder in
            let writer = try HDF5Writer.create(path: folder.path + "/unfinished.h5")
            defer { writer.close() }
            let table = try writer.table(.f32, shape: [4, 2], at: "table")
            try table.append(Tensor([1, 2], shape: [1, 2]))
            #expect(throws: HDF5Error.self) { try table.finish() }
            #expect(throws: HDF5Error.self) { try writer.commit() }
            #expect(throws: HDF5Error.self) { try table.append(Tensor([1], shape: [1, 1])) }
            #expect(throws: HDF5Error.self) { try table.append(patterned(.f32, [4, 2])) }
            try table.append(Tensor([3, 4, 5, 6, 7, 8], shape: [3, 2]))
            try table.finish()
            try writer.commit()
        }
    }
}
