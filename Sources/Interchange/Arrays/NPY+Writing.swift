// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension NPY {
    /// Writes an array as NumPy does: version 1, little-endian, row-major, data 64-byte aligned.
    ///
    /// The file appears whole or not at all.
    /// - Throws: ``InterchangeError`` for BF16 and FP8, which NumPy has no name for, and when the
    ///   file cannot be written.
    public static func write(_ tensor: Tensor, to path: String) throws(InterchangeError) {
        let header = try self.header(of: tensor.elementType, tensor.shape, path: path)
        let result = header.withUnsafeBytes { head in
            tensor.withUnsafeBytes { data in
                Result { () throws(InterchangeError) in
                    try OutputFile.replace(path, with: [head, data])
                }
            }
        }
        try result.get()
    }

    /// The magic, the length and the header, a multiple of 64 bytes.
    static func header(
        of elementType: ElementType, _ dimensions: Shape, path: String
    ) throws(InterchangeError) -> [UInt8] {
        guard let name = Header.elementTypes.first(where: { $0.value == elementType })?.key
        else {
            throw InterchangeError(
                .unsupported, path,
                "NPY has no element type for \(elementType); write F32 or F16 instead")
        }
        guard dimensions.rank <= Header.longestRank else {
            throw InterchangeError(
                .unsupported, path,
                "NPY holds at most \(Header.longestRank) dimensions, not \(dimensions.rank)")
        }
        let order = elementType.byteCount == 1 ? "|" : "<"
        let extents = dimensions.dimensions.map(String.init)
        let shape = extents.count == 1 ? extents[0] + "," : extents.joined(separator: ", ")
        var text = Array(
            "{'descr': '\(order)\(name)', 'fortran_order': False, 'shape': (\(shape)), }".utf8)
        // Ten bytes precede the text, and a newline ends it.
        let padded = (10 + text.count + 1 + 63) / 64 * 64 - 10
        text += [UInt8](repeating: 0x20, count: padded - text.count - 1) + [0x0A]
        return magic + [1, 0, UInt8(padded & 0xFF), UInt8(padded >> 8)] + text
    }
}
