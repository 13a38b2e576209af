// SPDX-License-Identifier: Apache-2.0

/// The kind of number a tensor holds, named as safetensors names it.
///
/// The two FP8 kinds are carried as opaque bytes: Retort keeps and compares them but does no
/// arithmetic on them.
public enum ElementType: String, CaseIterable, Hashable, Sendable {
    case bool = "BOOL"
    case u8 = "U8"
    case i8 = "I8"
    case u16 = "U16"
    case i16 = "I16"
    case u32 = "U32"
    case i32 = "I32"
    case u64 = "U64"
    case i64 = "I64"
    case f16 = "F16"
    case bf16 = "BF16"
    case f32 = "F32"
    case f64 = "F64"
    case f8e4m3 = "F8_E4M3"
    case f8e5m2 = "F8_E5M2"

    /// Bytes that one element takes in a tensor's canonical form.
    public var byteCount: Int {
        switch self {
        case .bool, .u8, .i8, .f8e4m3, .f8e5m2: 1
        case .u16, .i16, .f16, .bf16: 2
        case .u32, .i32, .f32: 4
        case .u64, .i64, .f64: 8
        }
    }

    /// Whether elements are numbers that ``Tensor/floats()`` can convert.
    public var isNumeric: Bool { self != .f8e4m3 && self != .f8e5m2 }

    /// Whether elements are floating-point numbers of a width the tools compute with.
    public var isFloatingPoint: Bool {
        switch self {
        case .f16, .bf16, .f32, .f64: true
        default: false
        }
    }
}

extension ElementType: CustomStringConvertible {
    public var description: String { rawValue }
}
