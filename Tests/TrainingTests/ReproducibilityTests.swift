// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@testable import Training

/// What a model says of an image is the same bits whatever it is run with: attacks rest on it.
struct ReproducibilityTests {
    private struct Answer: Equatable {
        let logits: [UInt32]
        let inferred: [UInt32]
        let gradients: [[UInt32]]
    }

    private let shape: Shape = [1, 28, 28]
    private let image: [Float]

    init() {
        var stream = RandomStream(seed: 1, purpose: .test)
        image = (0..<784).map { _ in stream.uniform() }
    }

    /// The image at `position` among `count` images of noise.
    private func ask(
        _ architecture: Architecture, batchSize: Int, count: Int, position: Int, seedCount: Int = 2
    ) throws -> Answer {
        let graph = try architecture.graph(imageShape: shape, classCount: 10)
        let classifier = try Classifier(
            graph: graph, parameters: ParameterArena(graph: graph, seed: 0).tensors(),
            batchSize: batchSize)
        var stream = RandomStream(seed: UInt64(count), purpose: .test)
        var pixels = (0..<(count * 784)).map { _ in stream.uniform() }
        pixels.replaceSubrange((position * 784)..<((position + 1) * 784), with: image)
        var gradients = [Float](repeating: 0, count: seedCount * count * 784)
        var logits = [Float](repeating: 0, count: count * 10)
        var inferred = logits
        try pixels.withUnsafeBufferPointer { pixels in
            try inferred.withUnsafeMutableBufferPointer {
                try classifier.logits(of: pixels, count: count, into: $0)
            }
            try gradients.withUnsafeMutableBufferPointer { gradients in
                try logits.withUnsafeMutableBufferPointer { logits in
                    try classifier.inputGradients(
                        of: pixels, count: count, seedCount: seedCount, into: gradients,
                        logits: logits
                    ) { index, _, seed in
                        for row in 0..<count {
                            seed[row * 10 + index] = 1
                            seed[row * 10 + 9] = -1
                        }
                    }
                }
            }
        }
        let own = (position * 10)..<(position * 10 + 10)
        return Answer(
            logits: logits[own].map(\.bitPattern), inferred: inferred[own].map(\.bitPattern),
            gradients: (0..<seedCount).map { index in
                let start = (index * count + position) * 784
                return gradients[start..<(start + 784)].map(\.bitPattern)
            })
    }

    @Test(arguments: [Architecture.cnn, .mlp])
    func neighboursAndBatchSizeChangeNothing(_ architecture: Architecture) throws {
        let first = try ask(architecture, batchSize: 128, count: 128, position: 0)
        #expect(first.logits == first.inferred)
        #expect(first.gradients[0] != first.gradients[1])
        for (batchSize, count, position) in [
            (128, 128, 127), (128, 90, 89), (128, 1, 0), (128, 25, 24), (256, 256, 255), (96, 7, 6),
            (30, 30, 29),
        ] {
            let other = try ask(
                architecture, batchSize: batchSize, count: count, position: position)
            #expect(other == first, "\(batchSize), \(count), \(position)")
        }
    }

    @Test func aSecondGradientOfOneForwardPassIsAsGoodAsTheFirst() throws {
        let both = try ask(.cnn, batchSize: 24, count: 3, position: 1)
        let alone = try ask(.cnn, batchSize: 24, count: 3, position: 1, seedCount: 1)
        #expect(both.gradients[0] == alone.gradients[0])
    }
}
