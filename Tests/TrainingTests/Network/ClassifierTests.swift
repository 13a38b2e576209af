// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing
import Training

struct ClassifierTests {
    let graph: Graph
    let tensors: NamedTensors
    let images: [Float]

    init() throws {
        graph = try Architecture.resnet20.graph(imageShape: [1, 28, 28], classCount: 10)
        tensors = RecordedCase.parameters(of: graph)
        images = RecordedCase.formula(9 * 784, salt: 1).map { Float($0 + 0.5) }
    }

    private func logits(_ classifier: Classifier, count: Int) throws -> [Float] {
        var result = [Float](repeating: .nan, count: count * 10)
        try images.withUnsafeBufferPointer { images in
            try result.withUnsafeMutableBufferPointer {
                try classifier.logits(of: images, count: count, into: $0)
            }
        }
        return result
    }

    private func inputGradient(
        _ classifier: Classifier, count: Int
    ) throws -> (gradient: [Float], logits: [Float]) {
        var gradient = [Float](repeating: .nan, count: count * 784)
        var logits = [Float](repeating: .nan, count: count * 10)
        try images.withUnsafeBufferPointer { images in
            try gradient.withUnsafeMutableBufferPointer { gradient in
                try logits.withUnsafeMutableBufferPointer { logits in
                    try classifier.inputGradient(
                        of: images, count: count, into: gradient, logits: logits
                    ) { found, target in
                        #expect(found.count == count * 10)
                        for index in target.indices { target[index] = found[index] }
                    }
                }
            }
        }
        return (gradient, logits)
    }

    @Test(arguments: [1, 3, 7, 8])
    func partialBatchesGiveTheSameRows(_ count: Int) throws {
        let classifier = try Classifier(graph: graph, parameters: tensors, batchSize: 8)
        let full = try logits(classifier, count: 8)
        let partial = try logits(classifier, count: count)
        expectClose(partial, Array(full.prefix(count * 10)), absolute: 1e-5, relative: 1e-4)
        let fullGradient = try inputGradient(classifier, count: 8)
        let gradient = try inputGradient(classifier, count: count)
        expectClose(gradient.logits, partial, absolute: 1e-5, relative: 1e-4)
        let scale = fullGradient.gradient.reduce(0) { max($0, abs($1)) }
        expectClose(
            gradient.gradient, Array(fullGradient.gradient.prefix(count * 784)),
            absolute: 1e-5 * scale, relative: 1e-3)
    }

    @Test func itDescribesTheModelAndRefusesTooManyImages() throws {
        let classifier = try Classifier(graph: graph, parameters: tensors, batchSize: 4)
        #expect(classifier.imageShape == [1, 28, 28])
        #expect(classifier.classCount == 10)
        #expect(classifier.batchSize == 4)
        #expect(throws: TrainingError("5 images do not fit in a batch of 4")) {
            try logits(classifier, count: 5)
        }
        #expect(try logits(classifier, count: 0).isEmpty)
    }

    @Test func shortBuffersAreRefused() throws {
        let classifier = try Classifier(graph: graph, parameters: tensors, batchSize: 16)
        #expect(
            throws: TrainingError(
                "10 images of shape (1, 28, 28) have 7840 values, found 7056")
        ) { try logits(classifier, count: 10) }
    }

    @Test func aSharedArenaIsFollowedAsItChanges() throws {
        let arena = ParameterArena(graph: graph, seed: 1)
        let classifier = try Classifier(parameters: arena, batchSize: 2)
        let before = try logits(classifier, count: 2)
        try arena.load(tensors)
        let after = try logits(classifier, count: 2)
        #expect(before != after)
        let fresh = try Classifier(graph: graph, parameters: tensors, batchSize: 2)
        #expect(try logits(fresh, count: 2) == after)
    }
}
