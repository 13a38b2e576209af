// SPDX-License-Identifier: Apache-2.0

import Tensors

/// `TensorProto.DataType`: how each kind of element is called and kept.
struct ONNXDataType {
    /// In safetensors' words, or ONNX's where Retort has none.
    let name: String
    /// Nil where elements are listed and not read.
    let elementType: ElementType?
    /// Bits of one element in `raw_data`; 0 for text.
    let bitCount: Int
    /// The field of `TensorProto` for elements that are not in `raw_data`.
    let typedField: Int

    private init(_ elementType: ElementType, _ typedField: Int) {
        name = elementType.rawValue
        self.elementType = elementType
        bitCount = 8 * elementType.byteCount
        self.typedField = typedField
    }

    private init(_ name: String, bits: Int, _ typedField: Int) {
        self.name = name
        elementType = nil
        bitCount = bits
        self.typedField = typedField
    }

    static let all: [Int: ONNXDataType] = [
        1: ONNXDataType(.f32, 4), 2: ONNXDataType(.u8, 5), 3: ONNXDataType(.i8, 5),
        4: ONNXDataType(.u16, 5), 5: ONNXDataType(.i16, 5), 6: ONNXDataType(.i32, 5),
        7: ONNXDataType(.i64, 7), 8: ONNXDataType("STRING", bits: 0, 6),
        9: ONNXDataType(.bool, 5), 10: ONNXDataType(.f16, 5), 11: ONNXDataType(.f64, 10),
        12: ONNXDataType(.u32, 11), 13: ONNXDataType(.u64, 11),
        14: ONNXDataType("COMPLEX64", bits: 64, 4), 15: ONNXDataType("COMPLEX128", bits: 128, 10),
        16: ONNXDataType(.bf16, 5), 17: ONNXDataType(.f8e4m3, 5),
        18: ONNXDataType("FLOAT8E4M3FNUZ", bits: 8, 5), 19: ONNXDataType(.f8e5m2, 5),
        20: ONNXDataType("FLOAT8E5M2FNUZ", bits: 8, 5), 21: ONNXDataType("UINT4", bits: 4, 5),
        22: ONNXDataType("INT4", bits: 4, 5), 23: ONNXDataType("FLOAT4E2M1", bits: 4, 5),
        24: ONNXDataType("FLOAT8E8M0", bits: 8, 5), 25: ONNXDataType("UINT2", bits: 2, 5),
        26: ONNXDataType("INT2", bits: 2, 5),
    ]

    /// The number that stands for `elementType` in a file.
    static func code(of elementType: ElementType) -> Int {
        switch elementType {
        case .f32: 1
        case .u8: 2
        case .i8: 3
        case .u16: 4
        case .i16: 5
        case .i32: 6
        case .i64: 7
        case .bool: 9
        case .f16: 10
        case .f64: 11
        case .u32: 12
        case .u64: 13
        case .bf16: 16
        case .f8e4m3: 17
        case .f8e5m2: 19
        }
    }

    /// How many numbers of ``typedField`` hold `count` elements; nil beyond 64 bits.
    func typedCount(of count: Int) -> Int? {
        switch bitCount {
        case 2: return count / 4 + (count % 4 == 0 ? 0 : 1)
        case 4: return count / 2 + count % 2
        case 128,
            64 where elementType == nil:
            // A real and an imaginary part.
            let (numbers, overflow) = count.multipliedReportingOverflow(by: 2)
            return overflow ? nil : numbers
        default: return count
        }
    }

    /// How many bytes of `raw_data` hold `count` elements; nil beyond 64 bits.
    func rawByteCount(of count: Int) -> Int? {
        let (bits, overflow) = count.multipliedReportingOverflow(by: bitCount)
        return overflow ? nil : bits / 8 + (bits % 8 == 0 ? 0 : 1)
    }
}
