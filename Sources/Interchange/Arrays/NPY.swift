// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// NumPy's array file, versions 1, 2 and 3 (NEP 1 and `numpy.lib.format`).
///
/// The header is read by a grammar of its own, never evaluated; arrays of Python objects, which
/// are pickles that can run code, are refused.
public enum NPY {
    /// Reads an array. Little-endian row-major data are a view of the mapped file; big-endian and
    /// Fortran-ordered data are converted.
    ///
    /// - Throws: ``InterchangeError`` unless the file holds exactly the array its header declares,
    ///   of an element type that Retort keeps.
    public static func read(_ path: String) throws(InterchangeError) -> Tensor {
        try parse(try InputFile.map(path), path: path)
    }

    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    static func parse(_ region: ByteRegion, path: String) throws(InterchangeError) -> Tensor {
        let (header, dataStart) = try header(of: region, path: path)
        let shape: Shape
        let expected: Int
        do throws(TensorError) {
            shape = try Shape(header.shape)
            expected = try shape.byteCount(of: header.elementType)
        } catch {
            throw InterchangeError(.malformed, path, error)
        }
        guard region.count - dataStart == expected else {
            throw InterchangeError(
                .malformed, path, found: "\(region.count - dataStart) bytes of data",
                expected: "\(expected) for \(header.elementType) \(shape)")
        }
        var tensor: Tensor
        do throws(TensorError) {
            tensor = try Tensor(
                header.elementType, shape: shape, viewing: region, at: dataStart)
        } catch {
            throw InterchangeError(.malformed, path, error)
        }
        if header.elementType == .bool { try checkBooleans(tensor, path: path) }
        if header.isBigEndian { tensor = tensor.byteSwapped() }
        if header.isFortranOrder, shape.rank > 1, shape.elementCount > 0 {
            var strides = [1]
            for dimension in shape.dimensions.dropLast() {
                strides.append(strides.last! * dimension)
            }
            tensor = tensor.gathered(shape: shape, strides: strides)
        }
        return tensor
    }

    /// The parsed header and the offset of the data.
    private static func header(
        of region: ByteRegion, path: String
    ) throws(InterchangeError) -> (Header, Int) {
        let bytes = region.bytes
        guard bytes.count >= 10, bytes.prefix(6).elementsEqual(magic) else {
            throw InterchangeError(.malformed, path, "it does not start as an NPY file does")
        }
        let major = bytes[6]
        guard (1...3).contains(major), bytes[7] == 0 else {
            throw InterchangeError(
                .unsupported, path, found: "NPY version \(major).\(bytes[7])",
                expected: "1.0, 2.0 or 3.0")
        }
        let lengthByteCount = major == 1 ? 2 : 4
        let start = 8 + lengthByteCount
        guard bytes.count >= start else {
            throw InterchangeError(.malformed, path, "the NPY header is cut short")
        }
        let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - start, length <= Header.longest else {
            throw InterchangeError(
                .malformed, path, found: "a header length of \(length)",
                expected: "at most \(min(bytes.count - start, Header.longest))")
        }
        let text = Array(bytes[start..<(start + length)])
        return (try Header(text, path: path), start + length)
    }

    private static func checkBooleans(_ tensor: Tensor, path: String) throws(InterchangeError) {
        let largest = tensor.withUnsafeBytes { $0.max() ?? 0 }
        guard largest <= 1 else {
            throw InterchangeError(
                .malformed, path, found: "the byte \(largest) in an array of booleans",
                expected: "0 or 1")
        }
    }
}
