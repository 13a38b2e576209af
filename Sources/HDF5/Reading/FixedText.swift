// SPDX-License-Identifier: Apache-2.0

/// Strings of fixed length.
enum FixedText {
    /// The strings in `bytes`, `byteCount` bytes each. Bytes that are not UTF-8 are replaced by
    /// U+FFFD, so that what is shown says that they are not.
    static func texts(
        _ bytes: UnsafeRawBufferPointer, byteCount: Int, padding: HDF5StringPadding
    ) -> [String] {
        stride(from: 0, to: bytes.count - byteCount + 1, by: byteCount).map { start in
            let field = bytes[start..<(start + byteCount)]
            return String(decoding: trimmed(field, padding), as: UTF8.self)
        }
    }

    private static func trimmed(
        _ field: Slice<UnsafeRawBufferPointer>, _ padding: HDF5StringPadding
    ) -> Slice<UnsafeRawBufferPointer> {
        let pad: UInt8
        switch padding {
        case .nullTerminated: return field.prefix { $0 != 0 }
        case .nullPadded: pad = 0
        case .spacePadded: pad = 0x20
        }
        guard let last = field.lastIndex(where: { $0 != pad }) else { return field.prefix(0) }
        return field[...last]
    }
}
