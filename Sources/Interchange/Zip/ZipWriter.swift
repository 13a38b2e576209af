// SPDX-License-Identifier: Apache-2.0

/// Writes a zip archive of stored members, one after the other.
struct ZipWriter {
    private let path: String
    private var sink: OutputFile.Sink

    /// Writes the archive that `body` fills, whole or not at all.
    static func write(
        to path: String, _ body: (inout ZipWriter) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        throw InterchangeError(.unsupported, path, "zip archives are not written yet")
    }

    /// Adds a stored member whose bytes are `parts` in order and begin at a multiple of
    /// `alignment` bytes in the file (PyTorch aligns storages to 64).
    mutating func add(
        _ name: String, alignment: Int = 1, _ parts: [UnsafeRawBufferPointer]
    ) throws(InterchangeError) {
        throw InterchangeError(.unsupported, path, "zip archives are not written yet")
    }
}
