// SPDX-License-Identifier: Apache-2.0

/// A tensor's elements as floating-point numbers, a run at a time.
struct NumberReader {
    /// Elements of a run: what fits in a first-level cache together with its conversion.
    static let runLength = 4096

    private let bytes: UnsafeRawBufferPointer
    private let elementType: ElementType

    init(_ bytes: UnsafeRawBufferPointer, _ elementType: ElementType) {
        self.bytes = bytes
        self.elementType = elementType
    }

    /// Whether single precision holds every element exactly.
    var isSingle: Bool {
        switch elementType {
        case .bool, .u8, .i8, .u16, .i16, .f16, .bf16, .f32, .f8e4m3, .f8e5m2: true
        case .u32, .i32, .u64, .i64, .f64: false
        }
    }

    /// The smallest positive number of the type that is not subnormal.
    var leastNormal: Double {
        switch elementType {
        case .f64: Double.leastNormalMagnitude
        case .f32, .bf16: 0x1p-126
        case .f16, .f8e5m2: 0x1p-14
        case .f8e4m3: 0x1p-6
        case .bool, .u8, .i8, .u16, .i16, .u32, .i32, .u64, .i64: 1
        }
    }

    /// Calls `body` with the elements of `range` in runs of at most ``runLength``, as `Float`
    /// where that is exact. The memory has no particular alignment.
    @inline(__always)
    func forEachSingleRun(
        _ range: Range<Int>, _ body: (UnsafeRawPointer, _ count: Int) -> Void
    ) {
        guard let base = bytes.baseAddress else { return }
        if elementType == .f32 {
            for (start, count) in Self.runs(range) { body(base + start * 4, count) }
            return
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.runLength) { buffer in
            guard let target = buffer.baseAddress else { return }
            for (start, count) in Self.runs(range) {
                convert(base + start * elementType.byteCount, count, to: target)
                body(UnsafeRawPointer(target), count)
            }
        }
    }

    /// Calls `body` with the elements of `range` as `Double`, in runs; integers of 64 bits are
    /// rounded to nearest.
    @inline(__always)
    func forEachRun(
        _ range: Range<Int>, _ body: (UnsafePointer<Double>, _ count: Int) -> Void
    ) {
        guard let base = bytes.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.runLength) { buffer in
            guard let target = buffer.baseAddress else { return }
            for (start, count) in Self.runs(range) {
                convert(base + start * elementType.byteCount, count, to: target)
                body(UnsafePointer(target), count)
            }
        }
    }

    private static func runs(
        _ range: Range<Int>
    ) -> LazyMapSequence<StrideTo<Int>, (start: Int, count: Int)> {
        stride(from: range.lowerBound, to: range.upperBound, by: runLength).lazy.map {
            ($0, Swift.min(runLength, range.upperBound - $0))
        }
    }

    private func convert(
        _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutablePointer<Float>
    ) {
        switch elementType {
        case .bool, .u8: fill(target, count, source, UInt8.self) { Float($0) }
        case .i8: fill(target, count, source, Int8.self) { Float($0) }
        case .u16: fill(target, count, source, UInt16.self) { Float($0) }
        case .i16: fill(target, count, source, Int16.self) { Float($0) }
        case .f16: fill(target, count, source, UInt16.self) { Float(halfBits: $0) }
        case .bf16:
            fill(target, count, source, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .f32: fill(target, count, source, Float.self) { $0 }
        case .f8e4m3: fill(target, count, source, UInt8.self) { EightBitFloat.e4m3[Int($0)] }
        case .f8e5m2: fill(target, count, source, UInt8.self) { EightBitFloat.e5m2[Int($0)] }
        case .u32, .i32, .u64, .i64, .f64:
            preconditionFailure("\(elementType) elements do not fit in single precision")
        }
    }

    private func convert(
        _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutablePointer<Double>
    ) {
        switch elementType {
        case .u32: fill(target, count, source, UInt32.self) { Double($0) }
        case .i32: fill(target, count, source, Int32.self) { Double($0) }
        case .u64: fill(target, count, source, UInt64.self) { Double($0) }
        case .i64: fill(target, count, source, Int64.self) { Double($0) }
        case .f64: fill(target, count, source, Double.self) { $0 }
        default:
            withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { singles in
                guard let base = singles.baseAddress else { return }
                convert(source, count, to: base)
                for index in 0..<count { target[index] = Double(base[index]) }
            }
        }
    }

    @inline(__always)
    private func fill<Stored: BitwiseCopyable, Value>(
        _ target: UnsafeMutablePointer<Value>, _ count: Int, _ source: UnsafeRawPointer,
        _: Stored.Type, _ convert: (Stored) -> Value
    ) {
        let width = MemoryLayout<Stored>.size
        for index in 0..<count {
            // Foreign files promise no alignment.
            target[index] = convert(
                source.loadUnaligned(fromByteOffset: index &* width, as: Stored.self))
        }
    }
}

extension Float {
    /// An IEEE half-precision number from its bits, exactly.
    ///
    /// Written with plain arithmetic, which the compiler makes vector code of: processors without
    /// F16C convert through a library call for each element.
    @inline(__always) init(halfBits bits: UInt16) {
        let magnitude = UInt32(bits & 0x7FFF) &<< 13
        // The exponent's bias differs by 112; the product is exact, for subnormal numbers too.
        let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        let isFinite = magnitude < 0x0F80_0000
        let sign = UInt32(bits & 0x8000) &<< 16
        self.init(bitPattern: scaled | sign | (isFinite ? 0 : 0x7F80_0000))
    }
}

/// Every value of the two eight-bit formats (Micikevicius et al., "FP8 formats for deep learning",
/// 2022): E4M3 has no infinities and one NaN a sign, E5M2 follows IEEE 754.
enum EightBitFloat {
    static let e4m3 = (0..<256).map { bits -> Float in
        let magnitude = bits & 0x7F
        let sign: Float = bits < 0x80 ? 1 : -1
        if magnitude == 0x7F { return .nan }
        let (exponent, fraction) = (magnitude >> 3, Float(magnitude & 7))
        return exponent == 0
            ? sign * fraction * 0x1p-9
            : sign * (1 + fraction / 8) * Float(sign: .plus, exponent: exponent - 7, significand: 1)
    }

    static let e5m2 = (0..<256).map { Float(halfBits: UInt16($0) << 8) }
}
