// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// What `Fixtures/sets/make.py` says is in the files beside it.
struct SetFixtures {
    private let expected: JSON

    init() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("sets/expected.json")))
        expected = try bytes.withUnsafeBytes { try JSON(parsing: $0) }
    }

    /// (C, H, W).
    let imageShape: Shape = [3, 4, 5]
    let shape: Shape = [10, 3, 4, 5]

    func floats(_ key: String) throws -> [Float] {
        let values = try #require(expected[key]?.arrayValue)
        return values.compactMap { $0.doubleValue.map { Float($0) } }
    }

    func labels() throws -> [Int] {
        try #require(expected["labels"]?.arrayValue).compactMap(\.integerValue)
    }

    static func path(_ name: String) -> String { fixture("sets/" + name) }
}
