// SPDX-License-Identifier: Apache-2.0

/// `model.weights.json`, the index of a Keras model in shards: told from that of safetensors by
/// the files it names.
enum KerasShards {
    /// Whether the text has a map of weights to HDF5 files in its first 64 KiB.
    static func isIndex(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(1 << 16))
        guard head.first == UInt8(ascii: "{") else { return false }
        return contains(head, "\"weight_map\"") && contains(head, ".weights.h5\"")
    }

    private static func contains(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count >= count else { return false }
        let pattern = UnsafeBufferPointer(start: text.utf8Start, count: count)
        return (0...(bytes.count - count)).contains { start in
            bytes[start] == pattern[0] && bytes[start..<(start + count)].elementsEqual(pattern)
        }
    }
}
