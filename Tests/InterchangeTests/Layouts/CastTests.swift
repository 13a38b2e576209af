// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite struct CastTests {
    private static let recorded: JSON = {
        let data = FileManager.default.contents(atPath: fixture("layouts/casts.json"))!
        return try! JSON(parsing: String(decoding: data, as: UTF8.self))
    }()

    private static func bits(_ source: ElementType, _ name: String) -> [UInt64?]? {
        recorded["casts"]?[source.rawValue]?[name]?.arrayValue?.map {
            $0.stringValue.flatMap { UInt64($0, radix: 16) }
        }
    }

    private static func tensor(_ type: ElementType) -> Tensor {
        let values = bits(type, "bits")!.map { $0! }
        let shape = Shape(trusted: [values.count])
        switch type.byteCount {
        case 2:
            return Tensor(trusted: type, shape: shape, values: values.map { UInt16($0) })
        case 4:
            return Tensor(trusted: type, shape: shape, values: values.map { UInt32($0) })
        default:
            return Tensor(trusted: type, shape: shape, values: values)
        }
    }

    private static func words(_ tensor: Tensor) -> [UInt64] {
        tensor.withUnsafeBytes { bytes in
            (0..<tensor.shape.elementCount).map { index in
                let size = tensor.elementType.byteCount
                var word: UInt64 = 0
                for byte in 0..<size { word |= UInt64(bytes[index * size + byte]) << (8 * byte) }
                return word
            }
        }
    }

    @Test(
        arguments: [ElementType.f64, .f32, .f16, .bf16], [ElementType.f64, .f32, .f16, .bf16])
    func castsAgreeWithNumPyBitForBit(source: ElementType, target: ElementType) throws {
        guard let expected = Self.bits(source, target.rawValue) else { return }
        let (tensor, report) = try Self.tensor(source).cast(to: target)
        let found = Self.words(tensor)
        #expect(found.count == expected.count)
        for (index, pair) in zip(found, expected).enumerated() {
            // A recorded null is a NaN; which one is not specified.
            if Self.isNaN(pair.0, target), pair.1.map({ Self.isNaN($0, target) }) ?? true {
                continue
            }
            #expect(pair.0 == pair.1, "element \(index)")
        }
        #expect(report.count == expected.count)
        if source == .f32, target == .f16 { check(report) }
    }

    private func check(_ report: CastReport) {
        let expected = Self.recorded["report"]
        #expect(report.maximumError == expected?["max_abs"]?.doubleValue)
        let relative = expected?["rel_l2"]?.doubleValue ?? .nan
        #expect(abs(report.relativeError - relative) < 1e-12)
        #expect(report.overflowed == expected?["overflowed"]?.integerValue)
        #expect(report.underflowed == expected?["underflowed"]?.integerValue)
        #expect(report.notANumber == expected?["nan"]?.integerValue)
    }

    private static func isNaN(_ word: UInt64, _ type: ElementType) -> Bool {
        switch type {
        case .f64: Double(bitPattern: word).isNaN
        case .f32: Float(bitPattern: UInt32(word)).isNaN
        case .f16: word & 0x7C00 == 0x7C00 && word & 0x3FF != 0
        default: word & 0x7F80 == 0x7F80 && word & 0x7F != 0
        }
    }

    @Test func everyHalfSurvivesBeingWider() throws {
        for type in [ElementType.f16, .bf16] {
            let all = Tensor(trusted: type, shape: [1 << 16], values: (0...UInt16.max).map { $0 })
            for wider in [ElementType.f32, .f64] {
                let (wide, report) = try all.cast(to: wider)
                #expect(report.isExact)
                let floats = try all.floats()
                let back = try wide.floats()
                #expect(zip(floats, back).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
                let narrow = try wide.cast(to: type).tensor
                for (old, new) in zip(Self.words(all), Self.words(narrow)) {
                    #expect(old == new || (Self.isNaN(old, type) && Self.isNaN(new, type)))
                }
            }
        }
    }

    @Test func manyPartsGiveOneReport() throws {
        let values = (0..<200_000).map { Float($0) * 1.0001 }
        let (tensor, report) = try Tensor(values, shape: [200_000]).cast(to: .f16)
        #expect(report.overflowed == values.count { $0 >= 65520 })
        let expected = values.map { Float16($0) }
        #expect(try tensor.floats() == expected.map { Float($0) })
        #expect(report.changed == zip(values, expected).count { $0 != Float($1) })
        #expect(report.json["overflowed"] == .integer(report.overflowed))
    }

    @Test func integersAreNotCast() {
        let tensor = Tensor(trusted: .u8, shape: [1], values: [UInt8(1)])
        #expect(throws: TensorError.self) { try tensor.cast(to: .f32) }
        #expect(throws: TensorError.self) { try Tensor([1], shape: [1]).cast(to: .i8) }
    }

    @Test(arguments: [("e4m3", ElementType.f8e4m3), ("e5m2", .f8e5m2)])
    func eightBitFloatsAreDecodedAsMlDtypesDoes(name: String, type: ElementType) throws {
        let data = FileManager.default.contents(atPath: fixture("layouts/fp8.json"))!
        let recorded = try JSON(parsing: String(decoding: data, as: UTF8.self))[name]?.arrayValue
        let expected = try #require(recorded).map { $0.stringValue.map { Double($0)! } ?? .nan }
        let bytes = (0...UInt8.max).map { $0 }
        let found = [Double](unsafeUninitializedCapacity: 256) { buffer, count in
            bytes.withUnsafeBytes {
                ElementBlocks.decode(
                    type, $0.baseAddress!, count: 256, to: buffer.baseAddress!)
            }
            count = 256
        }
        for (byte, pair) in zip(found, expected).enumerated() {
            #expect(pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN), "byte \(byte)")
        }
    }
}
