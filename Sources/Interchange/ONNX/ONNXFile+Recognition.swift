// SPDX-License-Identifier: Apache-2.0

extension ONNXFile {
    /// Whether the bytes read as a `ModelProto` at least as far as its graph's first field.
    ///
    /// Protocol buffers have no signature, so this asks for what chance does not bring about: known
    /// fields of the right kind, a version of the format or an operator set, and a graph that
    /// begins as graphs do. A file cut short inside its graph still counts, to be told what it is.
    static func isModel(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = ProtobufReader(bytes, 0..<bytes.count, type: "ModelProto", path: "")
        var (hasGraph, hasVersion) = (false, false)
        while true {
            let position = reader.position
            guard let field = try? reader.next() else {
                let isWhole = reader.position == bytes.count && position == bytes.count
                return hasVersion && (hasGraph || (!isWhole && startsGraph(bytes, at: position)))
            }
            switch (field.number, field.value) {
            case (1, .varint(let version)):
                guard version < 1000 else { return false }
                hasVersion = true
            case (8, .bytes): hasVersion = true
            case (7, .bytes(let range)):
                guard isGraph(bytes, range) else { return false }
                hasGraph = true
            case (5, .varint), (2, .bytes), (3, .bytes), (4, .bytes), (6, .bytes), (14, .bytes),
                (20, .bytes), (25, .bytes), (26, .bytes):
                break
            default: return false
            }
        }
    }

    /// A graph whose length goes beyond the file.
    private static func startsGraph(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
        var reader = ProtobufReader(
            bytes, position..<bytes.count, type: "ModelProto", path: "")
        guard (try? reader.varint()) == 7 << 3 | 2, (try? reader.varint()) != nil else {
            return false
        }
        return isGraph(bytes, reader.rest)
    }

    /// Whether the first field, if any, is one of `GraphProto`'s.
    private static func isGraph(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        var reader = ProtobufReader(bytes, range, type: "GraphProto", path: "")
        guard let tag = try? reader.varint() else { return range.isEmpty }
        return tag & 7 == 2 && [1, 2, 5, 10, 11, 12, 13, 14, 15, 16].contains(tag >> 3)
    }
}
