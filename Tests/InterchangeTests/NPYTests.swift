// SPDX-License-Identifier: Apache-2.0

import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

@Suite struct NPYTests {
    static let types: [ElementType] = [
        .u8, .i8, .u16, .i16, .u32, .i32, .u64, .i64, .f16, .f32, .f64,
    ]

    @Test(arguments: types)
    func everyElementTypeIsReadInEitherByteAndElementOrder(type: ElementType) throws {
        for suffix in ["", "-fortran", "-big-endian"] {
            let path = fixture("npy/\(type.rawValue.lowercased())\(suffix).npy")
            let tensor = try NPY.read(path)
            #expect(tensor.elementType == type)
            #expect(tensor.shape == [2, 3, 4])
            #expect(try tensor.floats() == (0..<24).map(Float.init), "\(path)")
        }
    }

    @Test func bothOrdersTogetherAreUndone() throws {
        let tensor = try NPY.read(fixture("npy/f32-big-endian-fortran.npy"))
        #expect(try tensor.floats() == (0..<24).map(Float.init))
    }

    @Test func rowMajorLittleEndianDataAreAViewOfTheFile() throws {
        #expect(try NPY.read(fixture("npy/f32.npy")).isMapped)
        #expect(try !NPY.read(fixture("npy/f32-fortran.npy")).isMapped)
    }

    @Test func booleansScalarsVectorsAndEmptyArraysAreRead() throws {
        #expect(
            try NPY.read(fixture("npy/bool.npy")).integers() == (0..<24).map { $0 % 3 == 0 ? 1 : 0 }
        )
        let scalar = try NPY.read(fixture("npy/scalar.npy"))
        #expect(scalar.shape == .scalar)
        #expect(try scalar.floats() == [2.5])
        #expect(try NPY.read(fixture("npy/vector.npy")).integers() == [0, 1, 2, 3, 4])
        #expect(try NPY.read(fixture("npy/empty.npy")).shape == [0, 7])
    }

    @Test(arguments: [2, 3]) func versionsTwoAndThreeAreRead(version: Int) throws {
        let tensor = try NPY.read(fixture("npy/version-\(version).npy"))
        #expect(try tensor.floats() == (0..<24).map(Float.init))
    }

    @Test(arguments: [
        ("object", "pickled"), ("text", "text"), ("complex", "complex"), ("dates", "dates"),
        ("records", "structured"), ("void", "raw or structured"),
    ])
    func foreignElementTypesAreRefusedByName(name: String, word: String) throws {
        let path = fixture("npy/refused-\(name).npy")
        let error = #expect(throws: InterchangeError.self) { try NPY.read(path) }
        #expect(error?.kind == .unsupported)
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix(path + ": ") == true)
    }

    @Test func writtenFilesEqualNumPysByteForByte() throws {
        try withTemporaryDirectory { folder in
            let names =
                Self.types.map { $0.rawValue.lowercased() } + ["bool", "scalar", "vector", "empty"]
            for name in names {
                let path = fixture("npy/\(name).npy")
                let copy = folder.appendingPathComponent(name).path
                try NPY.write(try NPY.read(path), to: copy)
                #expect(
                    FileManager.default.contents(atPath: copy)
                        == FileManager.default.contents(atPath: path), "\(name)")
            }
            // No temporary sibling is left behind.
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.sorted() == names.sorted())
        }
    }

    @Test func whatNumPyCannotNameIsNotWritten() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.npy").path
            let tensor = try Tensor([1, 2], shape: [2]).converted(to: .bf16)
            let error = #expect(throws: InterchangeError.self) { try NPY.write(tensor, to: path) }
            #expect(error?.description.contains("BF16") == true)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func anUnwritablePathIsNamed() throws {
        let path = "/nowhere/at/all/x.npy"
        let error = #expect(throws: InterchangeError.self) {
            try NPY.write(Tensor([1], shape: [1]), to: path)
        }
        #expect(
            error?.description == "\(path): cannot create it: No such file or directory")
    }
}
