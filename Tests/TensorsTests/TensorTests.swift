// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Tensors

struct TensorTests {
    @Test func roundingAgreesWithTorchAndNumpy() throws {
        let expected = try JSON(
            parsing: String(contentsOfFile: fixture("tensors/expected.json"), encoding: .utf8))
        func bits(_ key: String) throws -> [Int] {
            try #require(expected[key]?.arrayValue).compactMap(\.integerValue)
        }
        let values = try bits("floats").map { Float(bitPattern: UInt32($0)) }
        let tensor = Tensor(values, shape: [values.count])
        func stored(_ type: ElementType) throws -> [Int] {
            try tensor.converted(to: type).withUnsafeBytes { bytes in
                bytes.bindMemory(to: UInt16.self).map(Int.init)
            }
        }
        #expect(try stored(.bf16) == bits("bf16"))
        #expect(try stored(.f16) == bits("f16"))
    }

    @Test func everyNumericTypeReadsAsFloats() throws {
        let one: [ElementType: [UInt8]] = [
            .bool: [1], .u8: [1], .i8: [1], .u16: [1, 0], .i16: [1, 0], .u32: [1, 0, 0, 0],
            .i32: [1, 0, 0, 0], .u64: [1, 0, 0, 0, 0, 0, 0, 0], .i64: [1, 0, 0, 0, 0, 0, 0, 0],
            .f16: [0, 0x3C], .bf16: [0x80, 0x3F], .f32: [0, 0, 0x80, 0x3F],
            .f64: [0, 0, 0, 0, 0, 0, 0xF0, 0x3F],
        ]
        for type in ElementType.allCases where type.isNumeric {
            let bytes = try #require(one[type])
            let tensor = try bytes.withUnsafeBytes { try Tensor(type, shape: [1], copying: $0) }
            #expect(try tensor.floats() == [1], "\(type)")
        }
        let opaque = Tensor(trusted: .f8e4m3, shape: [1], values: [UInt8(0x38)])
        #expect(throws: TensorError.self) { try opaque.floats() }
    }

    @Test func nanStaysNanInBfloat16() {
        let signalling = Float(bitPattern: 0x7F80_0001)
        #expect(Float(bitPattern: UInt32(bfloat16(signalling)) << 16).isNaN)
        #expect(bfloat16(.infinity) == 0x7F80)
    }

    @Test func shapesWhoseProductOverflowsAreRefused() throws {
        #expect(throws: TensorError.self) { try Shape([1 << 32, 1 << 32]) }
        #expect(throws: TensorError.self) { try Shape([-1]) }
        #expect(try Shape([1 << 40, 0, 1 << 40]).elementCount == 0)
        #expect(throws: TensorError.self) { try Shape([1 << 61]).byteCount(of: .f64) }
        #expect(Shape.scalar.elementCount == 1)
    }

    @Test func viewsOutsideTheirRegionAreRefused() throws {
        let region = ByteRegion(count: 16) { _ in }
        #expect(throws: TensorError.self) { try Tensor(.f32, shape: [5], viewing: region) }
        #expect(throws: TensorError.self) { try Tensor(.f32, shape: [4], viewing: region, at: 1) }
        #expect(throws: TensorError.self) { try Tensor(.f32, shape: [1], viewing: region, at: -4) }
        #expect(try Tensor(.f32, shape: [3], viewing: region, at: 4).byteCount == 12)
    }

    @Test func aMappedFileIsReadWithoutCopying() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("values").path
            try Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]).write(to: URL(fileURLWithPath: path))
            let tensor = try Tensor(.f32, shape: [2], viewing: ByteRegion(mappingFile: path))
            #expect(tensor.isMapped)
            #expect(try tensor.floats() == [1, 2])
            #expect(throws: TensorError.self) { try ByteRegion(mappingFile: path + ".missing") }
            #expect(throws: TensorError.self) { try ByteRegion(mappingFile: folder.path) }
        }
    }

    @Test func namedTensorsKeepTheirOrder() {
        var tensors = NamedTensors()
        for name in ["b/weight", "a/weight", "c/bias"] { tensors[name] = Tensor([1], shape: [1]) }
        tensors["a/weight"] = Tensor([1, 2], shape: [2])
        #expect(tensors.names == ["b/weight", "a/weight", "c/bias"])
        tensors["b/weight"] = nil
        #expect(tensors.map(\.name) == ["a/weight", "c/bias"])
        #expect(tensors.elementCount == 3)
        #expect(tensors.byteCount == 12)
    }
}
