// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Reads elements that stand one by one in `int32_data` and its likes.
struct ONNXTypedDecoder: Sendable {
    let region: ByteRegion
    /// The `TensorProto`.
    let message: Range<Int>
    let field: Int
    let path: String
    let tensor: String

    /// - Parameter shape: has as many elements as the message has numbers, which was checked.
    /// - Throws: ``InterchangeError`` for a number that the element type cannot hold.
    func tensor(
        _ elementType: ElementType, shape: Shape
    ) throws(InterchangeError) -> Tensor {
        let size = elementType.byteCount
        var failure: InterchangeError?
        let bytes = ByteRegion(count: shape.elementCount * size) { buffer in
            do throws(InterchangeError) {
                try fill(buffer, elementType)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        do throws(TensorError) {
            return try Tensor(elementType, shape: shape, viewing: bytes)
        } catch {
            throw InterchangeError(.malformed, path, error)
        }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ elementType: ElementType
    ) throws(InterchangeError) {
        let size = elementType.byteCount
        var offset = 0
        func store(_ bits: UInt64) throws(InterchangeError) {
            guard offset <= buffer.count - size else { return }
            let bits = try narrowed(bits, to: elementType).littleEndian
            withUnsafeBytes(of: bits) { bytes in
                buffer[offset..<(offset + size)].copyBytes(from: bytes.prefix(size))
            }
            offset += size
        }
        var reader = ProtobufReader(region.bytes, message, type: "TensorProto", path: path)
        while let next = try reader.next() {
            guard next.number == field else { continue }
            switch next.value {
            case .varint(let bits), .fixed64(let bits): try store(bits)
            case .fixed32(let bits): try store(UInt64(bits))
            case .bytes(let range):
                var packed = ProtobufReader(
                    region.bytes, range, type: "TensorProto", path: path)
                while !packed.isAtEnd {
                    switch ONNXTensor.Width(field: field) {
                    case .four: try store(UInt64(try packed.fixed(UInt32.self)))
                    case .eight: try store(try packed.fixed(UInt64.self))
                    case .varint, .text: try store(try packed.varint())
                    }
                }
            }
        }
        // Numbers were counted when the file was opened; an element without one would be memory.
        buffer[offset...].initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// The low bytes of `bits` when they say all of it.
    private func narrowed(
        _ bits: UInt64, to elementType: ElementType
    ) throws(InterchangeError) -> UInt64 {
        let value = Int64(bitPattern: bits)
        let allowed: ClosedRange<Int64>? =
            switch elementType {
            case .bool: 0...1
            case .u8, .f8e4m3, .f8e5m2: 0...0xFF
            case .i8: -0x80...0x7F
            case .u16, .f16, .bf16: 0...0xFFFF
            case .i16: -0x8000...0x7FFF
            case .i32: Int64(Int32.min)...Int64(Int32.max)
            case .u32: 0...0xFFFF_FFFF
            case .f32, .f64, .i64, .u64: nil
            }
        if let allowed, !allowed.contains(value) {
            throw InterchangeError(
                .malformed, path,
                "tensor '\(tensor)': found the number \(value) among elements of type \(elementType)"
            )
        }
        return bits
    }
}
