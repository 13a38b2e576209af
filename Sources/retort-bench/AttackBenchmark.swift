// SPDX-License-Identifier: Apache-2.0

import Robustness
import Tensors
import Training

/// FGSM, PGD-40 and the bare input gradient on the seed CNN, in images a second.
enum AttackBenchmark {
    static let count = 512
    static let steps = 40

    static func run(_ context: RetortBench.Context) throws -> [String: Double] {
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        var tensors = ParameterArena(graph: graph, seed: 0).tensors()
        // No row can be broken, so every step is done: the speed of a step is compared with the
        // peers', not how early each one stops.
        let last = graph.parameters.last { $0.role == .bias }!.name
        tensors[last] = Tensor([1000] + [Float](repeating: 0, count: 9), shape: [10])
        let classifier = try Classifier(graph: graph, parameters: tensors, batchSize: 96)
        var stream = RandomStream(seed: 0, purpose: .test)
        let pixels = (0..<(count * 784)).map { _ in stream.uniform() }
        let images = try LabelledImages(
            images: Tensor(pixels, shape: [count, 1, 28, 28]),
            labels: [Int](repeating: 0, count: count), classCount: 10)
        let fgsm = try AttackSpecification.parse("fgsm:epsilon=0.3")
        let pgd = try AttackSpecification.parse("pgd:epsilon=0.3,step=0.01,steps=\(steps)")
        _ = try fgsm.craft(against: classifier, images: images)
        let fgsmSeconds = try seconds { _ = try fgsm.craft(against: classifier, images: images) }
        let pgdSeconds = try seconds { _ = try pgd.craft(against: classifier, images: images) }
        let bareSeconds = try seconds {
            for _ in 0..<steps { try bareGradients(classifier, pixels) }
        }
        let figures = [
            "fgsm_images_per_second": Double(count) / fgsmSeconds,
            "pgd40_images_per_second": Double(count) / pgdSeconds,
            "input_gradient_images_per_second": Double(count * steps) / bareSeconds,
        ]
        return figures.merging(try searches(context.folder)) { own, _ in own }
    }

    private static func bareGradients(_ classifier: Classifier, _ pixels: [Float]) throws {
        let batch = classifier.batchSize
        var gradient = [Float](repeating: 0, count: batch * 784)
        var logits = [Float](repeating: 0, count: batch * 10)
        try pixels.withUnsafeBufferPointer { pixels in
            try gradient.withUnsafeMutableBufferPointer { gradient in
                try logits.withUnsafeMutableBufferPointer { logits in
                    for start in stride(from: 0, to: count, by: batch) {
                        let rows = min(batch, count - start)
                        try classifier.inputGradient(
                            of: UnsafeBufferPointer(
                                rebasing: pixels[(start * 784)..<((start + rows) * 784)]),
                            count: rows, into: gradient, logits: logits
                        ) { _, gradient in gradient.update(repeating: 1) }
                    }
                }
            }
        }
    }
}
