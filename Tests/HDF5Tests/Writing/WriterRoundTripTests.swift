// SPDX-License-Identifier: Apache-2.0

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct WriterRoundTripTests {
    @Test(arguments: ElementType.allCases)
    func aTensorOfEachElementTypeIsReadBackBitForBit(_ type: ElementType) throws {
        let tensor = try patterned(type, [3, 5, 7])
        try withWritten { writer in
            try writer.write(tensor, at: "/group/tensor")
        } read: { file throws in
            let dataset = try file.dataset(at: "group/tensor")
            var expected = tensor
            if type == .f8e4m3 || type == .f8e5m2 {
                // The type's name is the store's to remember; the bytes are kept as U8.
                expected = try tensor.withUnsafeBytes {
                    try Tensor(.u8, shape: tensor.shape, copying: $0)
                }
            }
            #expect(try dataset.tensor() == expected)
            #expect(dataset.filters.isEmpty)
        }
    }

    @Test func contiguousTensorsAreAlignedToSixtyFourBytesAndMapped() throws {
        try withWritten { writer in
            for index in 0..<5 {
                try writer.write(try patterned(.u8, [100 * index + 1]), at: "t\(index)")
            }
        } read: { file throws in
            for index in 0..<5 {
                let dataset = try file.dataset(at: "t\(index)")
                guard case .contiguous(let address?) = dataset.layout else {
                    Issue.record("t\(index) is \(dataset.layout)")
                    continue
                }
                #expect(address % 64 == 0)
                #expect(try dataset.tensor().isMapped)
            }
        }
    }

    @Test func scalarsAndEmptyTensorsAreReadBack() throws {
        let scalar = Tensor([2.5], shape: .scalar)
        let empty = Tensor([], shape: [0, 4])
        try withWritten { writer in
            try writer.write(scalar, at: "scalar")
            try writer.write(empty, at: "empty")
            try writer.writeTable(empty, at: "table")
        } read: { file throws in
            #expect(try file.tensor(at: "scalar") == scalar)
            #expect(try file.tensor(at: "empty") == empty)
            #expect(try file.tensor(at: "table") == empty)
        }
    }

    @Test func textsAreReadBackAsUTF8() throws {
        let texts = ["", "{\"name\": \"größe 東京\"}", String(repeating: "x", count: 100_000)]
        try withWritten { writer in
            for (index, text) in texts.enumerated() {
                try writer.writeText(text, at: "texts/\(index)")
            }
        } read: { file throws in
            for (index, text) in texts.enumerated() {
                #expect(try file.dataset(at: "texts/\(index)").strings() == [text])
            }
        }
    }

    @Test func attributesOfEveryKindAreReadBack() throws {
        try withWritten { writer in
            try writer.createGroup("g")
            try writer.setAttribute(.string("é"), named: "text", at: "g")
            try writer.setAttribute(.string(""), named: "empty", at: "g")
            try writer.setAttribute(.strings(["a", "", "ccc"]), named: "texts", at: "g")
            try writer.setAttribute(.integer(.min), named: "integer", at: "g")
            try writer.setAttribute(.integers([1, -2]), named: "integers", at: "g")
            try writer.setAttribute(.double(0.1), named: "double", at: "g")
            try writer.setAttribute(.doubles([]), named: "doubles", at: "g")
            try writer.setAttribute(.bytes([9, 8]), named: "bytes", at: "g")
            for index in 0..<30 {
                // More than eight attributes move out of the object header.
                try writer.setAttribute(.integer(Int64(index)), named: "n\(index)", at: "g")
            }
            try writer.setAttribute(.string("other"), named: "n3", at: "g")
            try writer.setAttribute(.string("retort-store"), named: "format", at: "/")
        } read: { file throws in
            let group = try #require(file.object(at: "g")?.group)
            #expect(try group.value("text").string() == "é")
            #expect(try group.value("empty").string() == "")
            #expect(try group.value("texts").strings() == ["a", "", "ccc"])
            #expect(try group.value("integer").integers() == [.min])
            #expect(try group.value("integers").integers() == [1, -2])
            #expect(try group.value("double").floats() == [0.1])
            #expect(try group.value("doubles").floats() == [])
            #expect(try group.value("bytes").integers() == [9, 8])
            #expect(try group.value("n29").integers() == [29])
            #expect(try group.value("n3").string() == "other")
            #expect(try file.root.value("format").string() == "retort-store")
        }
    }

    @Test func recordsAreReadBackByField() throws {
        let fields = [
            HDF5Field("name", .string(byteCount: 6)), HDF5Field("rank", .element(.u16)),
            HDF5Field("digest", .array(.u8, count: 4)),
        ]
        let bytes =
            Array("conv1\0".utf8) + [4, 0, 1, 2, 3, 4] + Array("b\0\0\0\0\0".utf8) + [
                1, 1, 5, 6, 7, 8,
            ]
        try withWritten { writer in
            try writer.writeRecords(fields, count: 2, bytes: bytes, at: "manifest")
        } read: { file throws in
            let records = try file.dataset(at: "manifest").records()
            #expect(try records.strings("name") == ["conv1", "b"])
            #expect(try records.tensor("rank").integers() == [4, 257])
            #expect(try records.tensor("digest").integers() == [1, 2, 3, 4, 5, 6, 7, 8])
        }
    }

    @Test func aHardLinkSharesTheObjectAndOutlivesTheFirstName() throws {
        let tensor = try patterned(.f32, [8])
        try withWritten { writer in
            try writer.write(tensor, at: "a/x")
            try writer.link("a", at: "b")
            try writer.link("a/x", at: "c/y")
            try writer.unlink("a")
        } read: { file throws in
            #expect(file.object(at: "a") == nil)
            #expect(try file.tensor(at: "b/x") == tensor)
            let linked = try file.dataset(at: "c/y")
            #expect(linked.address == file.object(at: "b/x")?.dataset?.address)
        }
    }

    @Test func hundredsOfObjectsInOneGroupAreAllThere() throws {
        try withWritten { writer in
            for index in 0..<300 {
                try writer.write(Tensor([Float(index)], shape: [1]), at: "many/t\(index)")
            }
        } read: { file throws in
            #expect(file.object(at: "many")?.group?.count == 300)
            for index in 0..<300 {
                let tensor = try file.tensor(at: "many/t\(index)")
                #expect(tensor == Tensor([Float(index)], shape: [1]))
            }
        }
    }
}
