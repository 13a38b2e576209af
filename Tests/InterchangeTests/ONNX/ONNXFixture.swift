// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

/// A model under `Fixtures/onnx` and what the real libraries say of it.
struct ONNXFixture: CustomTestStringConvertible, Sendable {
    let name: String
    let expected: JSON

    var testDescription: String { name }
    var path: String { fixture("onnx/\(name).onnx") }

    static let all: [ONNXFixture] = {
        let text = try? String(contentsOfFile: fixture("onnx/expected.json"), encoding: .utf8)
        let models = text.flatMap { try? JSON(parsing: $0).objectValue } ?? [:]
        return models.map { ONNXFixture(name: $0.key, expected: $0.value) }
            .sorted { $0.name < $1.name }
    }()

    static func named(_ name: String) throws -> ONNXFixture {
        try #require(all.first { $0.name == name })
    }
}

/// FNV-1a of 64 bits, as in `make.py`.
func fnv(_ tensor: Tensor) -> String {
    tensor.withUnsafeBytes { bytes in
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// A region with these bytes.
func region(_ bytes: [UInt8]) -> ByteRegion {
    bytes.withUnsafeBytes { ByteRegion(copying: $0) }
}
