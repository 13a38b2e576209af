// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors

/// A safetensors file written by hand: 8 bytes of header length, the header in JSON, the elements.
/// <https://github.com/huggingface/safetensors#format>
enum SampleWeights {
    typealias Entry = (name: String, dtype: String, shape: [Int], bytes: [UInt8])

    static let values: [String: [Float]] = [
        // Output channel 2 is dead.
        "conv1.weight": (0..<36).map { 18..<27 ~= $0 ? 0 : Float($0 % 5) - 1 },
        "conv1.bias": [0.5, -0.25, 0, 1],
        "block.0.fc.weight": (0..<15).map { Float($0) * 0.125 },
        "norm.weight": [1, .nan, 2, -3, 0, 5],
        "norm.bias": [1, 2, 3, 4, 5, 6],
    ]

    private static let shapes: [String: [Int]] = [
        "conv1.weight": [4, 1, 3, 3], "conv1.bias": [4], "block.0.fc.weight": [3, 5],
        "norm.weight": [6], "norm.bias": [6],
    ]

    /// Five tensors and two entries of metadata.
    static var model: Data {
        let entries = values.sorted { $0.key < $1.key }.map { name, values -> Entry in
            (name, "F32", shapes[name] ?? [], values.withUnsafeBytes { Array($0) })
        }
        return file(entries, metadata: ["note": "made by hand", "config": "{\"layers\":[1,2]}"])
    }

    static func file(_ entries: [Entry], metadata: [String: String]) -> Data {
        let sized = entries.map { ($0.name, $0.dtype, $0.shape, $0.bytes.count) }
        return header(sized, metadata: metadata) + Data(entries.flatMap(\.bytes))
    }

    static func header(
        _ entries: [(name: String, dtype: String, shape: [Int], byteCount: Int)],
        metadata: [String: String]
    ) -> Data {
        var json: JSON = [:]
        var end = 0
        for entry in entries {
            json[entry.name] = [
                "dtype": .string(entry.dtype),
                "shape": .array(entry.shape.map { .integer($0) }),
                "data_offsets": [.integer(end), .integer(end + entry.byteCount)],
            ]
            end += entry.byteCount
        }
        if !metadata.isEmpty { json["__metadata__"] = .object(metadata.mapValues { .string($0) }) }
        let text = Array(json.text().utf8)
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + Data(text)
    }
}
