// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

@testable import Robustness

/// Two classes on both sides of a plane: z_0 = offset, z_1 = direction . x.
func halfSpace(_ direction: [Float], offset: Float, batchSize: Int = 8) -> AnalyticModel {
    AnalyticModel(
        imageShape: [1, 1, direction.count], classCount: 2, batchSize: batchSize,
        first: ([Float](repeating: 0, count: direction.count) + direction, [offset, 0]))
}

/// The images of Fixtures/robustness/make_jsma.py, labelled as `model` sees them.
func innerImages(_ model: AnalyticModel) throws -> LabelledImages {
    let pixels = try recorded("inner")
    return try labelled(
        pixels, shape: model.imageShape, labels: predictions(model, pixels),
        classCount: model.classCount)
}

extension AdversarialResult {
    /// The mean distance of rows that succeeded.
    var meanDistance: Double {
        let reached = zip(statuses, distances).filter { $0.0 == .success }.map(\.1)
        return reached.reduce(0, +) / Double(reached.count)
    }
}
