// SPDX-License-Identifier: Apache-2.0

import Tensors

extension HDF5FloatLayout {
    /// Whether F32 holds every number of this layout.
    var fitsSingle: Bool {
        mantissaBits <= 23 && (1 << exponentBits) - 2 - exponentBias <= 127
            && 1 - exponentBias - mantissaBits >= -149
    }

    /// Numbers of this layout as F32 where that holds all of them, else as F64.
    func decode(
        _ bytes: UnsafeRawBufferPointer, shape: Shape
    ) throws(TensorError) -> Tensor {
        var values: [Double] = []
        values.reserveCapacity(shape.elementCount)
        for start in stride(from: 0, to: bytes.count - byteCount + 1, by: byteCount) {
            var pattern: UInt64 = 0
            for index in 0..<byteCount {
                let byte = bytes[start + index]
                pattern |= UInt64(byte) << UInt64(8 * (isBigEndian ? byteCount - 1 - index : index))
            }
            values.append(number(pattern))
        }
        guard values.count == shape.elementCount else {
            throw TensorError("\(values.count) numbers do not fill shape \(shape)")
        }
        if fitsSingle {
            return Tensor(values.map { Float($0) }, shape: shape)
        }
        return Tensor(trusted: .f64, shape: shape, values: values)
    }

    private func number(_ pattern: UInt64) -> Double {
        func field(_ location: Int, _ count: Int) -> Int {
            Int(pattern >> UInt64(location) & (1 << UInt64(count) - 1))
        }
        let exponent = field(exponentLocation, exponentBits)
        let mantissa = field(mantissaLocation, mantissaBits)
        let isNegative = field(signLocation, 1) == 1
        let unit = Double(sign: .plus, exponent: -mantissaBits, significand: 1)
        var magnitude: Double
        if exponent == 1 << exponentBits - 1 {
            magnitude = mantissa == 0 ? .infinity : .nan
        } else if exponent == 0 {
            magnitude = Double(
                sign: .plus, exponent: 1 - exponentBias, significand: Double(mantissa) * unit)
        } else {
            magnitude = Double(
                sign: .plus, exponent: exponent - exponentBias,
                significand: 1 + Double(mantissa) * unit)
        }
        if isNegative { magnitude.negate() }
        return magnitude
    }
}
