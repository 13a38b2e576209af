// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How an integer that does not fill its bytes lies in them (format specification, section
/// IV.A.2.d, "fixed-point numbers"). Bits are counted from the least significant.
public struct HDF5IntegerLayout: Hashable, Sendable {
    public var byteCount: Int
    public var isBigEndian: Bool
    public var isSigned: Bool
    /// Where the lowest of its bits is.
    public var offset: Int
    /// How many bits it has.
    public var precision: Int

    /// The element type that holds the numbers and is as wide as their bytes, or nil where there
    /// are more than eight of these.
    public var elementType: ElementType? {
        switch byteCount {
        case 1: isSigned ? .i8 : .u8
        case 2: isSigned ? .i16 : .u16
        case 3, 4: isSigned ? .i32 : .u32
        case 5...8: isSigned ? .i64 : .u64
        default: nil
        }
    }

    /// The numbers of this layout as tensor elements.
    ///
    /// - Throws: ``TensorError`` when they do not fill `shape`.
    func decode(_ bytes: UnsafeRawBufferPointer, shape: Shape) throws(TensorError) -> Tensor {
        guard let elementType, bytes.count == shape.elementCount * byteCount else {
            throw TensorError("\(bytes.count) bytes do not fill shape \(shape) with \(self)")
        }
        let width = elementType.byteCount
        let region = ByteRegion(count: shape.elementCount * width) { target in
            for index in 0..<shape.elementCount {
                let start = index * byteCount
                let value = number(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<(start + byteCount)]))
                withUnsafeBytes(of: value.littleEndian) { number in
                    UnsafeMutableRawBufferPointer(rebasing: target[(index * width)...])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: number[..<width]))
                }
            }
        }
        return try Tensor(elementType, shape: shape, viewing: region)
    }

    /// The number in `bytes`, sign-extended to 64 bits.
    private func number(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var pattern: UInt64 = 0
        for index in 0..<byteCount {
            let place = isBigEndian ? byteCount - 1 - index : index
            pattern |= UInt64(bytes[index]) << UInt64(8 * place)
        }
        let unused = UInt64(64 - precision)
        let raised = (pattern >> UInt64(offset)) << unused
        return isSigned
            ? UInt64(bitPattern: Int64(bitPattern: raised) >> Int64(unused)) : raised >> unused
    }
}

extension HDF5IntegerLayout: CustomStringConvertible {
    public var description: String {
        (isBigEndian && byteCount > 1 ? "big-endian " : "") + (isSigned ? "int" : "uint")
            + "\(8 * byteCount) (\(precision) bits from bit \(offset))"
    }
}
