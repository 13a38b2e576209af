// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Elements of any type as doubles, a block at a time, in loops that the compiler vectorises.
///
/// Every type but the 64-bit integers is represented exactly.
enum ElementBlocks {
    /// Elements of a block: two of them as doubles stay in the first-level cache.
    static let length = 1024

    /// Writes `count` elements of `type` at `source`, which may be unaligned, to `output`.
    static func decode(
        _ type: ElementType, _ source: UnsafeRawPointer, count: Int,
        to output: UnsafeMutablePointer<Double>
    ) {
        switch type {
        case .f32: convert(source, count, output, Float.self) { Double($0) }
        case .f64: convert(source, count, output, Double.self) { $0 }
        case .f16: convert(source, count, output, UInt16.self) { Double(float(half: $0)) }
        case .bf16:
            convert(source, count, output, UInt16.self) {
                Double(Float(bitPattern: UInt32($0) << 16))
            }
        case .bool, .u8: convert(source, count, output, UInt8.self) { Double($0) }
        case .i8: convert(source, count, output, Int8.self) { Double($0) }
        case .u16: convert(source, count, output, UInt16.self) { Double($0) }
        case .i16: convert(source, count, output, Int16.self) { Double($0) }
        case .u32: convert(source, count, output, UInt32.self) { Double($0) }
        case .i32: convert(source, count, output, Int32.self) { Double($0) }
        case .u64: convert(source, count, output, UInt64.self) { Double($0) }
        case .i64: convert(source, count, output, Int64.self) { Double($0) }
        case .f8e4m3: convert(source, count, output, UInt8.self) { e4m3[Int($0)] }
        case .f8e5m2:
            // An E5M2 number is the upper half of a half-precision one.
            convert(source, count, output, UInt8.self) { Double(float(half: UInt16($0) << 8)) }
        }
    }

    @inline(__always)
    private static func convert<Stored: BitwiseCopyable>(
        _ source: UnsafeRawPointer, _ count: Int, _ output: UnsafeMutablePointer<Double>,
        _: Stored.Type, _ value: (Stored) -> Double
    ) {
        for index in 0..<count {
            output[index] = value(
                source.loadUnaligned(
                    fromByteOffset: index * MemoryLayout<Stored>.size, as: Stored.self))
        }
    }

    /// The value of a half-precision number by its bits. `Float(Float16)` is a function call
    /// without F16C, which a generic x86-64 build has not.
    @inline(__always)
    static func float(half bits: UInt16) -> Float {
        let magnitude = UInt32(bits & 0x7FFF) << 13
        // The exponent is rebased by a multiplication, which also makes subnormals right.
        let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        let special: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
        return Float(bitPattern: scaled | special | UInt32(bits & 0x8000) << 16)
    }

    /// E4M3FN of "FP8 Formats for Deep Learning" (arXiv:2209.05433): bias 7, no infinities, NaN
    /// where all bits but the sign are ones.
    private static let e4m3: [Double] = (0..<256).map { bits in
        let sign: Double = bits & 0x80 == 0 ? 1 : -1
        let (exponent, mantissa) = (bits >> 3 & 15, Double(bits & 7))
        if bits & 0x7F == 0x7F { return .nan }
        if exponent == 0 { return sign * mantissa * 0x1p-9 }
        return sign * (8 + mantissa) * Double(sign: .plus, exponent: exponent - 10, significand: 1)
    }
}

/// Numbers narrowed as hardware does: to nearest, ties to even, in loops without branches.
enum ElementNarrowing {
    /// Writes doubles as elements of a floating-point type.
    static func encode(
        _ values: UnsafePointer<Double>, count: Int, as type: ElementType,
        to output: UnsafeMutableRawPointer
    ) {
        switch type {
        case .f64: output.copyMemory(from: values, byteCount: count * 8)
        case .f32: store(values, count, output, Float.self) { Float($0) }
        case .f16: store(values, count, output, UInt16.self) { half(odd($0)) }
        case .bf16: store(values, count, output, UInt16.self) { brain(odd($0)) }
        default: preconditionFailure("\(type) is not a floating-point type to cast to")
        }
    }

    @inline(__always)
    private static func store<Stored: BitwiseCopyable>(
        _ values: UnsafePointer<Double>, _ count: Int, _ output: UnsafeMutableRawPointer,
        _: Stored.Type, _ value: (Double) -> Stored
    ) {
        let cells = output.assumingMemoryBound(to: Stored.self)
        for index in 0..<count { cells[index] = value(values[index]) }
    }

    /// Rounds to odd, so that rounding once more to a type with at least two bits less gives what
    /// rounding the double itself would (Boldo and Melquiond, "Emulation of FMA", 2008).
    @inline(__always)
    private static func odd(_ value: Double) -> Float {
        let nearest = Float(value)
        let back = Double(nearest)
        let isAbove: UInt32 = back.magnitude > value.magnitude ? 1 : 0
        let isInexact: UInt32 = back < value || back > value ? 1 : 0
        return Float(bitPattern: (nearest.bitPattern &- isAbove) | isInexact)
    }

    @inline(__always)
    private static func half(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let magnitude = bits & 0x7FFF_FFFF
        // 0.5 has its last bit where the smallest half has its own, so the sum is rounded there.
        let small = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
        let rounded = (magnitude &+ 0x0FFF &+ (magnitude >> 13 & 1)) >> 13
        let normal = rounded &- (112 << 10)
        let finite = magnitude < 0x3880_0000 ? small : normal
        // 65520 and above round to infinity.
        let limited = magnitude >= 0x477F_F000 ? 0x7C00 : finite
        let result = magnitude > 0x7F80_0000 ? 0x7E00 | (magnitude >> 13 & 0x3FF) : limited
        return UInt16(truncatingIfNeeded: result | bits >> 16 & 0x8000)
    }

    @inline(__always)
    private static func brain(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
        let result = bits & 0x7FFF_FFFF > 0x7F80_0000 ? bits >> 16 | 0x40 : rounded
        return UInt16(truncatingIfNeeded: result)
    }
}
