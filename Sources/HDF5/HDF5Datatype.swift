// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What one element of a dataset or attribute is, as the file says it (format specification,
/// section IV.A.2.d, "the datatype message").
public indirect enum HDF5Datatype: Hashable, Sendable {
    case integer(byteCount: Int, isSigned: Bool, isBigEndian: Bool)
    /// Integers of fewer bits than their bytes have, which are spread out when they are read.
    case packedInteger(HDF5IntegerLayout)
    case float(HDF5FloatLayout)
    case fixedString(byteCount: Int, padding: HDF5StringPadding)
    /// Text of any length, kept in a global heap.
    case variableString
    case enumeration(base: HDF5Datatype, members: [HDF5EnumerationMember])
    case opaque(byteCount: Int, tag: String)
    case compound(byteCount: Int, members: [HDF5Member])
    case array(base: HDF5Datatype, dimensions: [Int])
    /// Sequences of any length, kept in a global heap.
    case sequence(of: HDF5Datatype)
    /// A type whose values are not read: references, times, numbers of more than eight bytes.
    /// `name` says which.
    case other(name: String, byteCount: Int)
}

/// How a floating-point number lies in its bytes. Bits are counted from the least significant.
public struct HDF5FloatLayout: Hashable, Sendable {
    public var byteCount: Int
    public var isBigEndian: Bool
    public var signLocation: Int
    public var exponentLocation: Int
    public var exponentBits: Int
    public var mantissaLocation: Int
    public var mantissaBits: Int
    public var exponentBias: Int
    /// Whether the leading one of the mantissa is left out, as in IEEE 754.
    public var hasImpliedBit: Bool

    public init(
        byteCount: Int, isBigEndian: Bool = false, exponentBits: Int, mantissaBits: Int,
        exponentBias: Int
    ) {
        self.byteCount = byteCount
        self.isBigEndian = isBigEndian
        self.signLocation = exponentBits + mantissaBits
        self.exponentLocation = mantissaBits
        self.exponentBits = exponentBits
        self.mantissaLocation = 0
        self.mantissaBits = mantissaBits
        self.exponentBias = exponentBias
        self.hasImpliedBit = true
    }

    /// The little-endian layouts that are element types of their own.
    static let standard: [(layout: HDF5FloatLayout, elementType: ElementType)] = [
        (HDF5FloatLayout(byteCount: 4, exponentBits: 8, mantissaBits: 23, exponentBias: 127), .f32),
        (
            HDF5FloatLayout(byteCount: 8, exponentBits: 11, mantissaBits: 52, exponentBias: 1023),
            .f64
        ),
        (HDF5FloatLayout(byteCount: 2, exponentBits: 5, mantissaBits: 10, exponentBias: 15), .f16),
        (HDF5FloatLayout(byteCount: 2, exponentBits: 8, mantissaBits: 7, exponentBias: 127), .bf16),
        (
            HDF5FloatLayout(byteCount: 1, exponentBits: 4, mantissaBits: 3, exponentBias: 7),
            .f8e4m3
        ),
        (
            HDF5FloatLayout(byteCount: 1, exponentBits: 5, mantissaBits: 2, exponentBias: 15),
            .f8e5m2
        ),
    ]

    /// The element type that has this layout, in either byte order.
    public var elementType: ElementType? {
        var littleEndian = self
        littleEndian.isBigEndian = false
        return Self.standard.first { $0.layout == littleEndian }?.elementType
    }
}

/// What follows the text in a string of fixed length.
public enum HDF5StringPadding: Hashable, Sendable {
    case nullTerminated, nullPadded, spacePadded
}

/// A name and a value of an enumeration.
public struct HDF5EnumerationMember: Hashable, Sendable {
    public let name: String
    public let value: Int64
}

/// A named part of a compound element.
public struct HDF5Member: Hashable, Sendable {
    public let name: String
    /// Bytes from the start of the element.
    public let offset: Int
    public let datatype: HDF5Datatype
}

extension HDF5Datatype {
    /// Bytes one element takes in the file.
    public var byteCount: Int {
        switch self {
        case .integer(let byteCount, _, _): byteCount
        case .float(let layout): layout.byteCount
        case .fixedString(let byteCount, _): byteCount
        case .packedInteger(let layout): layout.byteCount
        case .variableString, .sequence: 16
        case .enumeration(let base, _): base.byteCount
        case .opaque(let byteCount, _): byteCount
        case .compound(let byteCount, _): byteCount
        case .array(let base, let dimensions): dimensions.reduce(base.byteCount, *)
        case .other(_, let byteCount): byteCount
        }
    }

    /// The element type whose values these are, or nil where they are not plain numbers.
    ///
    /// h5py's boolean, an enumeration of FALSE = 0 and TRUE = 1 over one byte, is BOOL; other
    /// enumerations are their integers. An array is its elements: its extents join the shape.
    public var elementType: ElementType? {
        switch self {
        case .integer(let byteCount, let isSigned, _):
            switch byteCount {
            case 1: isSigned ? .i8 : .u8
            case 2: isSigned ? .i16 : .u16
            case 4: isSigned ? .i32 : .u32
            case 8: isSigned ? .i64 : .u64
            default: nil
            }
        case .float(let layout): layout.elementType
        case .enumeration(let base, let members):
            isBoolean(base, members) ? .bool : base.elementType
        case .array(let base, _): base.elementType
        default: nil
        }
    }

    /// The element type of the tensor that these become: ``elementType``, or what numbers of
    /// another layout are converted to. Nil where they are no numbers.
    public var tensorType: ElementType? {
        switch self {
        case .packedInteger(let layout): layout.elementType
        case .float(let layout): layout.elementType ?? (layout.fitsSingle ? .f32 : .f64)
        case .array(let base, _): base.tensorType
        default: elementType
        }
    }

    /// What arrays are made of, however they are nested; the type itself where it is no array.
    public var innermost: HDF5Datatype {
        if case .array(let base, _) = self { base.innermost } else { self }
    }

    /// Whether elements are stored most significant byte first.
    public var isBigEndian: Bool {
        switch self {
        case .integer(let byteCount, _, let isBigEndian): isBigEndian && byteCount > 1
        case .float(let layout): layout.isBigEndian && layout.byteCount > 1
        case .enumeration(let base, _), .array(let base, _): base.isBigEndian
        default: false
        }
    }

    private func isBoolean(_ base: HDF5Datatype, _ members: [HDF5EnumerationMember]) -> Bool {
        guard base.byteCount == 1, members.count == 2 else { return false }
        return members.contains(HDF5EnumerationMember(name: "FALSE", value: 0))
            && members.contains(HDF5EnumerationMember(name: "TRUE", value: 1))
    }
}

extension HDF5Datatype: CustomStringConvertible {
    /// In the words of NumPy and h5py: `float32`, `big-endian int16`, `string(12)`.
    public var description: String {
        switch self {
        case .integer(let byteCount, let isSigned, _):
            (isBigEndian ? "big-endian " : "") + (isSigned ? "int" : "uint") + "\(byteCount * 8)"
        case .packedInteger(let layout): layout.description
        case .sequence(let base): "sequence of \(base)"
        case .float(let layout):
            (isBigEndian ? "big-endian " : "")
                + (layout.elementType == .bf16
                    ? "bfloat16"
                    : "float\(layout.byteCount * 8)"
                        + (layout.elementType == nil || layout.byteCount == 1
                            ? " (exponent \(layout.exponentBits) bits, mantissa"
                                + " \(layout.mantissaBits) bits)" : ""))
        case .fixedString(let byteCount, _): "string(\(byteCount))"
        case .variableString: "string"
        case .enumeration(let base, let members):
            elementType == .bool
                ? "bool"
                : "enum \(base) {\(members.map { "\($0.name)=\($0.value)" }.joined(separator: ", "))}"
        case .opaque(let byteCount, let tag):
            "opaque(\(byteCount))" + (tag.isEmpty ? "" : " \"\(tag)\"")
        case .compound(_, let members):
            "{" + members.map { "\($0.name): \($0.datatype)" }.joined(separator: ", ") + "}"
        case .array(let base, let dimensions):
            "\(base)[" + dimensions.map(String.init).joined(separator: "x") + "]"
        case .other(let name, _): name
        }
    }
}
