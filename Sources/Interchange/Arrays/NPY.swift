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
        try Layout(region.bytes, byteCount: region.count, path: path).tensor(region, path: path)
    }
}
