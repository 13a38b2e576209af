// SPDX-License-Identifier: Apache-2.0

import Tensors

extension SafetensorsFile {
    static func write(_ content: WeightContent, to path: String) throws(InterchangeError) {
        try check(content.entries, path: path)
        try OutputFile.replace(path) { (sink) throws(InterchangeError) in
            try write(content.entries, metadata: texts(content.metadata), to: &sink, path: path)
        }
    }

    /// Refuses names that stand twice and types that safetensors has no word for.
    static func check(_ entries: [WeightEntry], path: String) throws(InterchangeError) {
        var names: Set<String> = []
        for entry in entries {
            guard entry.elementType != nil else {
                // Says why the elements are not at hand.
                _ = try entry.tensor()
                throw InterchangeError(
                    .unsupported, path,
                    "tensor '\(entry.name)' has elements of type \(entry.typeName), which cannot"
                        + " be written")
            }
            guard entry.name != "__metadata__" else {
                throw InterchangeError(
                    .unsupported, path,
                    "a tensor of a safetensors file cannot be named"
                        + " '__metadata__'")
            }
            guard names.insert(entry.name).inserted else {
                throw InterchangeError(
                    .mismatch, path, "the tensor '\(entry.name)' is to be written twice")
            }
        }
    }

    /// Metadata as safetensors keeps them: strings, so other values become their JSON text.
    ///
    /// Transformers refuses a file without a `format` (safetensors issue 549).
    static func texts(_ metadata: [String: JSON]) -> [String: String] {
        var texts = metadata.mapValues { $0.stringValue ?? $0.text() }
        if texts["format"] == nil { texts["format"] = "pt" }
        return texts
    }

    /// The header and the buffer, one tensor at a time.
    static func write(
        _ entries: [WeightEntry], metadata: [String: String], to sink: inout OutputFile.Sink,
        path: String
    ) throws(InterchangeError) {
        let sorted = canonicalOrder(entries)
        let header = header(of: sorted, metadata: metadata)
        guard header.count - 8 <= SafetensorsHeader.longest else {
            throw InterchangeError(
                .unsupported, path,
                "its header would take \(header.count - 8) bytes, and safetensors allows"
                    + " \(SafetensorsHeader.longest)")
        }
        try sink.write(header)
        for entry in sorted {
            let tensor = try entry.tensor()
            guard tensor.elementType == entry.elementType, tensor.shape == entry.shape else {
                throw InterchangeError(
                    .mismatch, path,
                    "tensor '\(entry.name)': found \(tensor), expected"
                        + " \(entry.typeName) \(entry.shape)")
            }
            let result = tensor.withUnsafeBytes { bytes in
                Result { () throws(InterchangeError) in try sink.write(bytes) }
            }
            try result.get()
        }
    }

    /// The order of the library's own writer: the widest elements first, so that every tensor is
    /// aligned to its elements, then by name.
    private static func canonicalOrder(_ entries: [WeightEntry]) -> [WeightEntry] {
        func rank(_ entry: WeightEntry) -> Int { SafetensorsType.ranks[entry.typeName] ?? .max }
        return entries.sorted {
            let (left, right) = (rank($0), rank($1))
            return left == right
                ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) : left < right
        }
    }

    /// The length and the header, padded so that the buffer starts at a multiple of 64 bytes.
    private static func header(
        of entries: [WeightEntry], metadata: [String: String]
    ) -> [UInt8] {
        var text: [UInt8] = []
        let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        text += "{\"__metadata__\":{".utf8
        for (index, (key, value)) in pairs.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += "\(JSON.string(key)):\(JSON.string(value))".utf8
        }
        text.append(UInt8(ascii: "}"))
        var offset = 0
        for entry in entries {
            let shape = entry.shape.dimensions.map(String.init).joined(separator: ",")
            text += ",\(JSON.string(entry.name)):{\"dtype\":\"\(entry.typeName)\"".utf8
            text += ",\"shape\":[\(shape)]".utf8
            text += ",\"data_offsets\":[\(offset),\(offset + entry.byteCount)]}".utf8
            offset += entry.byteCount
        }
        text.append(UInt8(ascii: "}"))
        let padded = (8 + text.count + 63) / 64 * 64 - 8
        text += [UInt8](repeating: 0x20, count: padded - text.count)
        return withUnsafeBytes(of: UInt64(padded).littleEndian) { Array($0) } + text
    }
}
