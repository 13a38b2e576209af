// SPDX-License-Identifier: Apache-2.0

import Tensors

extension HDF5FloatLayout {
    /// Whether F32 holds every number of this layout.
    var fitsSingle: Bool {
        mantissaBits <= 23 && (1 << exponentBits) - 2 - exponentBias <= 127
            && 1 - exponentBias - mantissaBits >= -149
    }

    /// Numbers of this layout as F32 where that holds all of them, else as F64.
    ///
    /// - Throws: ``TensorError`` when they do not fill `shape`.
    func decode(
        _ bytes: UnsafeRawBufferPointer, shape: Shape
    ) throws(TensorError) -> Tensor {
        guard bytes.count == shape.elementCount * byteCount else {
            throw TensorError("\(bytes.count) bytes do not fill shape \(shape)")
        }
        return fitsSingle
            ? try numbers(bytes, .f32, shape) { Float($0) } : try numbers(bytes, .f64, shape) { $0 }
    }

    private func numbers<Number: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ type: ElementType, _ shape: Shape,
        _ convert: (Double) -> Number
    ) throws(TensorError) -> Tensor {
        let width = MemoryLayout<Number>.size
        let region = ByteRegion(count: shape.elementCount * width) { target in
            for index in 0..<shape.elementCount {
                let value = convert(number(pattern(bytes, at: index * byteCount)))
                target.storeBytes(of: value, toByteOffset: index * width, as: Number.self)
            }
        }
        return try Tensor(type, shape: shape, viewing: region)
    }

    private func pattern(_ bytes: UnsafeRawBufferPointer, at start: Int) -> UInt64 {
        var pattern: UInt64 = 0
        for index in 0..<byteCount {
            let place = isBigEndian ? byteCount - 1 - index : index
            pattern |= UInt64(bytes[start + index]) << UInt64(8 * place)
        }
        return pattern
    }

    private func number(_ pattern: UInt64) -> Double {
        func field(_ location: Int, _ count: Int) -> UInt64 {
            pattern >> UInt64(location) & (1 << UInt64(count) - 1)
        }
        let exponent = Int(field(exponentLocation, exponentBits))
        let mantissa = field(mantissaLocation, mantissaBits)
        let sign = field(signLocation, 1) << 63
        if exponent == 1 << exponentBits - 1 {
            let magnitude = mantissa == 0 ? Double.infinity : .nan
            return Double(bitPattern: magnitude.bitPattern | sign)
        }
        let power = exponent - exponentBias
        if exponent > 0, (-1022...1023).contains(power) {
            // A normal number of F64: the fields only move.
            let fraction = mantissa << UInt64(52 - mantissaBits)
            return Double(bitPattern: sign | UInt64(power + 1023) << 52 | fraction)
        }
        let unit = Double(sign: .plus, exponent: -mantissaBits, significand: 1)
        let significand = (exponent == 0 ? 0 : 1) + Double(mantissa) * unit
        let magnitude = Double(
            sign: .plus, exponent: exponent == 0 ? 1 - exponentBias : power,
            significand: significand)
        return Double(bitPattern: magnitude.bitPattern | sign)
    }
}
