// SPDX-License-Identifier: Apache-2.0

import Tensors

/// PyTorch's element types: the ones that are read, and the ones that are only listed.
struct TorchElementType: Hashable, Sendable {
    /// Nil for types that are listed and not read.
    let elementType: ElementType?
    /// In safetensors' words where it has one, in PyTorch's otherwise.
    let typeName: String
    let byteCount: Int

    private init(_ elementType: ElementType) {
        self.elementType = elementType
        typeName = elementType.rawValue
        byteCount = elementType.byteCount
    }

    private init(listed typeName: String, byteCount: Int) {
        elementType = nil
        self.typeName = typeName
        self.byteCount = byteCount
    }

    static let byte = TorchElementType(.u8)

    /// Of `torch.float32` and the like, by the name in `torch`.
    private static let types: [String: TorchElementType] = [
        "float64": .init(.f64), "double": .init(.f64), "float32": .init(.f32),
        "float": .init(.f32), "float16": .init(.f16), "half": .init(.f16),
        "bfloat16": .init(.bf16), "int64": .init(.i64), "long": .init(.i64), "int32": .init(.i32),
        "int": .init(.i32), "int16": .init(.i16), "short": .init(.i16), "int8": .init(.i8),
        "uint8": .init(.u8), "uint16": .init(.u16), "uint32": .init(.u32), "uint64": .init(.u64),
        "bool": .init(.bool), "float8_e4m3fn": .init(.f8e4m3), "float8_e5m2": .init(.f8e5m2),
        "float8_e4m3fnuz": .init(listed: "F8_E4M3FNUZ", byteCount: 1),
        "float8_e5m2fnuz": .init(listed: "F8_E5M2FNUZ", byteCount: 1),
        "float8_e8m0fnu": .init(listed: "F8_E8M0", byteCount: 1),
        "float4_e2m1fn_x2": .init(listed: "F4", byteCount: 1),
        "complex32": .init(listed: "complex32", byteCount: 4),
        "complex64": .init(listed: "C64", byteCount: 8),
        "cfloat": .init(listed: "C64", byteCount: 8),
        "complex128": .init(listed: "complex128", byteCount: 16),
        "cdouble": .init(listed: "complex128", byteCount: 16),
        "qint8": .init(listed: "qint8", byteCount: 1),
        "quint8": .init(listed: "quint8", byteCount: 1),
        "qint32": .init(listed: "qint32", byteCount: 4),
        "quint4x2": .init(listed: "quint4x2", byteCount: 1),
        "quint2x4": .init(listed: "quint2x4", byteCount: 1),
        "bits8": .init(listed: "bits8", byteCount: 1),
        "bits16": .init(listed: "bits16", byteCount: 2),
    ]

    static var names: Dictionary<String, TorchElementType>.Keys { types.keys }

    init?(dtype name: String) {
        guard let type = Self.types[name] else { return nil }
        self = type
    }

    /// What the storage classes hold, by the name in `torch`.
    private static let storages = [
        "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
        "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
        "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
        "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
        "ComplexDoubleStorage": "complex128", "QInt8Storage": "qint8",
        "QUInt8Storage": "quint8", "QInt32Storage": "qint32", "QUInt4x2Storage": "quint4x2",
        "QUInt2x4Storage": "quint2x4",
    ]

    /// Of a storage class; nil for those without a type.
    init?(storage name: String) {
        guard let dtype = Self.storages[name] else { return nil }
        self.init(dtype: dtype)
    }

    /// The name in `torch` of a type that PyTorch's storages have no class for.
    static func untypedName(_ elementType: ElementType) -> String? {
        switch elementType {
        case .u16: "uint16"
        case .u32: "uint32"
        case .u64: "uint64"
        case .f8e4m3: "float8_e4m3fn"
        case .f8e5m2: "float8_e5m2"
        default: nil
        }
    }

    /// The class of a storage of `elementType`.
    static func storageName(_ elementType: ElementType) -> String {
        switch elementType {
        case .f64: "DoubleStorage"
        case .f32: "FloatStorage"
        case .f16: "HalfStorage"
        case .bf16: "BFloat16Storage"
        case .i64: "LongStorage"
        case .i32: "IntStorage"
        case .i16: "ShortStorage"
        case .i8: "CharStorage"
        case .u8: "ByteStorage"
        case .bool: "BoolStorage"
        case .u16, .u32, .u64, .f8e4m3, .f8e5m2: "UntypedStorage"
        }
    }
}
