// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport

@testable import Robustness

/// The trained network of Fixtures/robustness/make_autoattack.py.
func digitsNetwork(batchSize: Int = 64, scale: Double = 1) throws -> AnalyticModel {
    let weights = try recorded("digits-weights")
    let (first, hidden, second) = (32 * 64, 32, 10 * 32)
    let outputs = first + hidden
    return AnalyticModel(
        imageShape: [1, 8, 8], classCount: 10, batchSize: batchSize, scale: scale,
        first: (Array(weights[..<first]), Array(weights[first..<outputs])),
        second: (
            Array(weights[outputs..<(outputs + second)]), Array(weights[(outputs + second)...])
        ))
}

/// The first `count` of its 200 test images, as bytes.
func digitsImages(_ count: Int = 200) throws -> LabelledImages {
    let labels = try recordedBytes("digits-labels").prefix(count).map { Int($0) }
    let pixels = try Array(recordedBytes("digits-images").prefix(count * 64))
    return try LabelledImages(
        images: Tensor(trusted: .u8, shape: [count, 1, 8, 8], values: pixels), labels: labels,
        classCount: 10)
}

/// A raw file of bytes of Fixtures/robustness.
func recordedBytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: fixture("robustness/\(name).u8"))))
}

/// How often `attack` broke rows the network got right, and how many it got right.
func brokenRows(_ text: String, images: LabelledImages) throws -> Set<Int> {
    let result = try AttackSpecification.parse(text).craft(
        against: digitsNetwork(), images: images)
    return Set(
        result.statuses.indices.filter {
            result.statuses[$0] == .success || result.statuses[$0] == .alreadyMisclassified
        })
}
