// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct NPYHeaderTests {
    /// A version 1 file with this header text and these data.
    private func file(_ header: String, data: [UInt8] = [1, 2, 3]) -> ByteRegion {
        let text = Array(header.utf8)
        let bytes =
            NPY.magic + [1, 0, UInt8(text.count & 0xFF), UInt8(text.count >> 8)] + text + data
        return bytes.withUnsafeBytes { ByteRegion(copying: $0) }
    }

    @Test(arguments: [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n",
        "{'shape': (3,), 'fortran_order': True, 'descr': 'u1'}",
        "{\"descr\":\"=u1\",\"fortran_order\":False,\"shape\":(3L,)}   \n",
        " { 'descr' : '<u1' , 'fortran_order' : False , 'shape' : ( 3 , ) } ",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 3), }\n",
    ])
    func everySpellingPythonReadsIsRead(header: String) throws {
        #expect(try NPY.parse(file(header), path: "x").integers() == [1, 2, 3])
    }

    @Test(arguments: [
        "", "{}", "{", "{'descr': '|u1'}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': [3]}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3.0,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 3)}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (3,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), 'x': 1}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)} x",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}}",
        "{'descr': '|u1' 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '|u\\x31', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '|u1\", 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '|u3', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|i2', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}",
    ])
    func anythingElseIsRefused(header: String) {
        #expect(throws: InterchangeError.self) {
            try NPY.parse(file(header), path: "x")
        }
    }

    @Test func moreDimensionsThanNumPyHasAreRefused() {
        let shape = String(repeating: "1, ", count: 33)
        #expect(throws: InterchangeError.self) {
            try NPY.parse(
                file("{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape))}", data: [1]),
                path: "x")
        }
    }

    @Test func hugeExtentsBesideAZeroAreAnEmptyArray() throws {
        let huge = "(4611686018427387904, 4611686018427387904, 0)"
        let tensor = try NPY.parse(
            file("{'descr': '<f8', 'fortran_order': True, 'shape': \(huge)}", data: []), path: "x")
        #expect(tensor.shape.elementCount == 0)
    }

    @Test(arguments: ["f32", "f32-fortran", "version-2", "bool"])
    func everyTruncationIsRefused(name: String) throws {
        let whole = try ByteRegion(mappingFile: fixture("npy/\(name).npy"))
        for count in 0..<whole.count {
            let cut = ByteRegion(copying: UnsafeRawBufferPointer(rebasing: whole.bytes[..<count]))
            #expect(throws: InterchangeError.self) { try NPY.parse(cut, path: "x") }
        }
    }
}
