// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport

@testable import Interchange

/// What `Fixtures/keras/make.py` says of its files.
struct KerasExpectation: Decodable {
    struct Element: Decodable {
        let shape: [Int]
        let sha256: String
    }

    let tensors: [String: Element]?
    let input: [Float]?
    let input_shape: [Int]?
    let logits: [Float]?

    static let all: [String: KerasExpectation] = {
        let data = FileManager.default.contents(atPath: fixture("keras/expected.json")) ?? Data()
        return (try? JSONDecoder().decode([String: KerasExpectation].self, from: data)) ?? [:]
    }()
}

func keras(_ name: String) -> String { fixture("keras/" + name) }

func openKeras(_ name: String) throws -> WeightFile { try WeightFile.open(keras(name)) }

extension Tensor {
    /// SHA-256 of the elements as they lie in memory.
    var plainHash: String {
        withUnsafeBytes { Digest(hashing: $0).hexadecimal }
    }
}

extension WeightFile {
    /// `layer parameter` of every entry with a role.
    var roleTexts: [String: String] {
        Dictionary(
            entries.compactMap { entry in
                entry.role.map { (entry.name, "\($0.layer) \($0.kerasName)") }
            }, uniquingKeysWith: { first, _ in first })
    }

    func contents() -> WeightContent {
        WeightContent(entries: entries, metadata: metadata, model: model)
    }
}
