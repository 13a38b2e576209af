// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// The elements in row-major order as `Float`, rounded to nearest where `Float` is narrower.
    ///
    /// - Throws: ``TensorError`` for the FP8 kinds, which Retort does not interpret.
    public func floats() throws(TensorError) -> [Float] {
        switch elementType {
        case .f32: elements(Float.self) { $0 }
        case .f64: elements(Double.self) { Float($0) }
        case .f16: elements(Float16.self) { Float($0) }
        case .bf16: elements(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .bool, .u8: elements(UInt8.self) { Float($0) }
        case .i8: elements(Int8.self) { Float($0) }
        case .u16: elements(UInt16.self) { Float($0) }
        case .i16: elements(Int16.self) { Float($0) }
        case .u32: elements(UInt32.self) { Float($0) }
        case .i32: elements(Int32.self) { Float($0) }
        case .u64: elements(UInt64.self) { Float($0) }
        case .i64: elements(Int64.self) { Float($0) }
        case .f8e4m3, .f8e5m2:
            throw TensorError(
                "\(elementType) elements are kept as bytes and cannot be read as numbers")
        }
    }

    /// The elements in row-major order as `Int`.
    ///
    /// - Throws: ``TensorError`` unless the elements are integers that fit.
    public func integers() throws(TensorError) -> [Int] {
        switch elementType {
        case .bool, .u8: return elements(UInt8.self) { Int($0) }
        case .i8: return elements(Int8.self) { Int($0) }
        case .u16: return elements(UInt16.self) { Int($0) }
        case .i16: return elements(Int16.self) { Int($0) }
        case .u32: return elements(UInt32.self) { Int($0) }
        case .i32: return elements(Int32.self) { Int($0) }
        case .i64: return elements(Int64.self) { Int($0) }
        case .u64:
            let values = elements(UInt64.self) { $0 }
            guard values.allSatisfy({ $0 <= UInt64(Int.max) }) else {
                throw TensorError("U64 elements above \(Int.max) do not fit in a signed integer")
            }
            return values.map(Int.init)
        default:
            throw TensorError("\(elementType) elements are not integers")
        }
    }

    /// The tensor with its elements converted to F32, F16 or BF16 (round to nearest, ties to even).
    ///
    /// - Throws: ``TensorError`` for other targets and for FP8 sources.
    public func converted(to target: ElementType) throws(TensorError) -> Tensor {
        if target == elementType { return self }
        let values = try floats()
        switch target {
        case .f32: return Tensor(values, shape: shape)
        case .f16: return Tensor(trusted: .f16, shape: shape, values: values.map { Float16($0) })
        case .bf16: return Tensor(trusted: .bf16, shape: shape, values: values.map(bfloat16))
        default: throw TensorError("cannot convert \(elementType) to \(target)")
        }
    }

    private func elements<Stored: BitwiseCopyable, Value>(
        _: Stored.Type, _ convert: (Stored) -> Value
    ) -> [Value] {
        let count = shape.elementCount
        let stride = MemoryLayout<Stored>.stride
        return withUnsafeBytes { bytes in
            [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
                for index in 0..<count {
                    // Foreign files promise no alignment.
                    let stored = bytes.loadUnaligned(
                        fromByteOffset: index * stride, as: Stored.self)
                    buffer.initializeElement(at: index, to: convert(stored))
                }
                initialized = count
            }
        }
    }
}

/// The bits of `value` as a bfloat16, rounded to nearest with ties to even; NaN stays NaN.
public func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16((bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}
