// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors
import Testing

/// Texts of any length, which exports for other programs have and stores do not.
@Suite struct TextAttributeTests {
    @Test func textsOfAnyLengthAreReadBack() throws {
        let long = String(repeating: "é{}", count: 500_000)
        try withWritten { writer in
            try writer.createGroup("g")
            try writer.setAttribute(.text(long), named: "long", at: "/")
            try writer.setAttribute(.text(""), named: "empty", at: "g")
            try writer.setAttribute(.texts(["a", "", "ccc"]), named: "texts", at: "g")
            try writer.setAttribute(.texts([]), named: "none", at: "g")
            try writer.setAttribute(.text("old"), named: "twice", at: "g")
            try writer.setAttribute(.text("new"), named: "twice", at: "g")
            #expect(throws: HDF5Error.self) {
                try writer.setAttribute(.text("a\0b"), named: "zero", at: "g")
            }
        } read: { file throws in
            #expect(try file.root.value("long").string() == long)
            let group = try #require(file.object(at: "g")?.group)
            #expect(try group.value("empty").string() == "")
            #expect(try group.value("texts").strings() == ["a", "", "ccc"])
            #expect(try group.value("none").strings() == [])
            #expect(try group.value("twice").string() == "new")
            // What has a heap is read, and not handed to libhdf5 again.
            #expect(throws: HDF5Error.self) { try file.requireWritable() }
        }
    }

    @Test func eightBitFloatsAreToldByTheirAttribute() throws {
        let bytes = try patterned(.u8, [7])
        try withWritten { writer in
            try writer.write(bytes, at: "x")
            try writer.setAttribute(.text("F8_E4M3"), named: "tensor_dtype", at: "x")
            try writer.write(bytes, at: "y")
            try writer.setAttribute(.text("F32"), named: "tensor_dtype", at: "y")
        } read: { file throws in
            #expect(try file.tensor(at: "x").elementType == .f8e4m3)
            #expect(try file.tensor(at: "y").elementType == .u8)
        }
    }
}
