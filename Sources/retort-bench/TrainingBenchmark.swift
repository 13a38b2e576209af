// SPDX-License-Identifier: Apache-2.0

import Tensors
import Training

/// Whole training steps of the seed CNN at batch 128 with Adam, data pipeline included, in images
/// a second; with bf16 activations too where the processor has them.
enum TrainingBenchmark {
    static let count = 12_800

    static func run(_ context: RetortBench.Context) throws -> [String: Double] {
        var stream = RandomStream(seed: 0, purpose: .test)
        let pixels = (0..<(count * 784)).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
        let images = try LabelledImages(
            images: Tensor(trusted: .u8, shape: [count, 1, 28, 28], values: pixels),
            labels: (0..<count).map { _ in stream.integer(below: 10) }, classCount: 10)
        var figures = ["images_per_second": try rate(images, .f32)]
        if let reduced = try? rate(images, .bf16) { figures["images_per_second@bf16"] = reduced }
        return figures
    }

    /// The best of two epochs after a first one.
    private static func rate(
        _ images: LabelledImages, _ precision: Network.Precision
    ) throws -> Double {
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        let recipe = Recipe(epochs: 3, validationFraction: 0, precision: precision)
        let result = try Trainer(graph: graph, recipe: recipe, images: images).run()
        return result.history.dropFirst().map(\.imagesPerSecond).max() ?? 0
    }
}
