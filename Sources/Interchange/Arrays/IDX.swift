// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// The IDX format of the MNIST files: a type, a rank, big-endian extents and elements.
///
/// Layout as described with MNIST (LeCun, Cortes and Burges, "The MNIST database"): two zero
/// bytes, a type code, the rank, the extents as big-endian U32, then row-major big-endian data.
public enum IDX {
    /// Reads a plain or gzip-compressed IDX file. U8 and I8 data of a plain file are a view of
    /// the mapped file.
    ///
    /// - Throws: ``InterchangeError`` unless the file is exactly as long as its header says.
    public static func read(_ path: String) throws(InterchangeError) -> Tensor {
        try parse(try InputFile.map(path), path: path)
    }

    static func parse(_ region: ByteRegion, path: String) throws(InterchangeError) -> Tensor {
        guard GzipMember.isGzip(region) else {
            let start = region.bytes.prefix(Header.longest)
            let header = try Header(Array(start), path: path)
            guard region.count == header.fileByteCount else {
                throw InterchangeError(
                    .malformed, path, found: "\(region.count) bytes",
                    expected: "\(header.fileByteCount) for \(header.elementType) \(header.shape)")
            }
            return try header.tensor(of: region, path: path)
        }
        let member = try GzipMember(region, path: path)
        let header = try Header(try member.prefix(Header.longest), path: path)
        return try header.tensor(
            of: try member.inflated(count: header.fileByteCount), path: path)
    }
}

extension IDX {
    fileprivate struct Header {
        let elementType: ElementType
        let shape: Shape
        let byteCount: Int
        /// Bytes of header and data together.
        let fileByteCount: Int

        static let longestRank = 8
        static let longest = 4 + 4 * longestRank

        init(_ bytes: [UInt8], path: String) throws(InterchangeError) {
            guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0 else {
                let start = bytes.prefix(4).map { String($0, radix: 16) }
                throw InterchangeError(
                    .malformed, path, found: "the bytes \(start.joined(separator: " "))",
                    expected: "an IDX header, which starts with two zero bytes")
            }
            guard let elementType = Self.elementTypes[bytes[2]] else {
                throw InterchangeError(
                    .malformed, path, found: "IDX type code \(bytes[2])",
                    expected: "8, 9, 11, 12, 13 or 14")
            }
            let rank = Int(bytes[3])
            guard (1...Self.longestRank).contains(rank) else {
                throw InterchangeError(
                    .malformed, path, found: "\(rank) dimensions",
                    expected: "1 to \(Self.longestRank)")
            }
            byteCount = 4 + 4 * rank
            guard bytes.count >= byteCount else {
                throw InterchangeError(.malformed, path, "the IDX header is cut short")
            }
            let extents = (0..<rank).map { axis in
                bytes[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
            }
            do throws(TensorError) {
                shape = try Shape(extents)
                let (total, overflow) = try shape.byteCount(of: elementType)
                    .addingReportingOverflow(byteCount)
                guard !overflow else { throw TensorError("shape \(shape) is too large") }
                fileByteCount = total
            } catch {
                throw InterchangeError(.malformed, path, error)
            }
            self.elementType = elementType
        }

        private static let elementTypes: [UInt8: ElementType] = [
            0x08: .u8, 0x09: .i8, 0x0B: .i16, 0x0C: .i32, 0x0D: .f32, 0x0E: .f64,
        ]

        func tensor(of file: ByteRegion, path: String) throws(InterchangeError) -> Tensor {
            do throws(TensorError) {
                let data = try Tensor(elementType, shape: shape, viewing: file, at: byteCount)
                return elementType.byteCount == 1 ? data : data.byteSwapped()
            } catch {
                throw InterchangeError(.malformed, path, error)
            }
        }
    }
}
