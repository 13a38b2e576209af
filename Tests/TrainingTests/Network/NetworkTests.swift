// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing
import Training

struct NetworkTests {
    private static func fill(_ buffer: UnsafeMutableBufferPointer<Float>, seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        for index in buffer.indices { buffer[index] = stream.uniform() }
    }

    /// Logits and gradients of one training pass.
    private static func pass(
        _ graph: Graph, batchSize: Int, rows: [UInt64] = [], step: UInt64 = 0
    ) throws -> (logits: [Float], gradients: [Float]) {
        let arena = ParameterArena(graph: graph, seed: 11)
        let network = try Network(
            graph: graph, parameters: arena, batchSize: batchSize, purpose: .training)
        fill(network.input, seed: 1)
        fill(network.logitsGradient, seed: 2)
        try network.forward(seed: 5, step: step, rows: rows)
        try network.backward()
        return (Array(network.logits), Array(arena.gradients))
    }

    @Test(arguments: [Architecture.cnn, .papernotMNIST, .mlp, .resnet20])
    func equalSeedsGiveEqualBits(_ architecture: Architecture) throws {
        let graph = try architecture.graph(imageShape: [1, 28, 28], classCount: 10)
        let first = try Self.pass(graph, batchSize: 24)
        for _ in 0..<3 {
            let again = try Self.pass(graph, batchSize: 24)
            #expect(first.logits == again.logits)
            #expect(first.gradients == again.gradients)
        }
    }

    /// A sweep compiles hundreds; what keeps a network's buffers keeps its parameters as well.
    @Test(arguments: [Network.Purpose.training, .inference, .inputGradient])
    func aNetworkThatIsLetGoFreesItsMemory(_ purpose: Network.Purpose) throws {
        weak var kept: ParameterArena?
        do {
            let graph = try Architecture.cnn.graph(imageShape: [1, 12, 12], classCount: 3)
            let arena = ParameterArena(graph: graph, seed: 1)
            kept = arena
            let network = try Network(
                graph: graph, parameters: arena, batchSize: 2, purpose: purpose)
            try network.forward()
        }
        #expect(kept == nil)
    }

    @Test func aSecondPassRepeatsTheFirst() throws {
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        let arena = ParameterArena(graph: graph, seed: 1)
        let network = try Network(
            graph: graph, parameters: arena, batchSize: 8, purpose: .training)
        Self.fill(network.input, seed: 1)
        Self.fill(network.logitsGradient, seed: 2)
        try network.forward()
        try network.backward()
        let (logits, gradients) = (Array(network.logits), Array(arena.gradients))
        try network.forward()
        try network.backward()
        #expect(logits == Array(network.logits))
        #expect(gradients == Array(arena.gradients))
    }

    @Test func rowsDoNotDependOnTheirBatch() throws {
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        let arena = ParameterArena(graph: graph, seed: 1)
        let large = try Network(
            graph: graph, parameters: arena, batchSize: 32, purpose: .inference)
        let small = try Network(graph: graph, parameters: arena, batchSize: 3, purpose: .inference)
        Self.fill(large.input, seed: 4)
        _ = small.input.update(fromContentsOf: large.input[..<small.input.count])
        try large.forward()
        try small.forward()
        expectClose(
            Array(small.logits), Array(large.logits.prefix(30)), absolute: 1e-6, relative: 1e-5)
    }

    @Test func trainingForwardWithoutDropoutIsInferenceForward() throws {
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        let arena = ParameterArena(graph: graph, seed: 1)
        let logits = try [Network.Purpose.training, .inference, .inputGradient].map { purpose in
            let network = try Network(
                graph: graph, parameters: arena, batchSize: 5, purpose: purpose)
            Self.fill(network.input, seed: 4)
            try network.forward()
            return Array(network.logits)
        }
        expectClose(logits[1], logits[0], absolute: 1e-6, relative: 1e-5)
        expectClose(logits[2], logits[0], absolute: 1e-6, relative: 1e-5)
    }

    @Test func weightsAreReadAnewAfterTheyChange() throws {
        let graph = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 10)
        let arena = ParameterArena(graph: graph, seed: 1)
        let network = try Network(
            graph: graph, parameters: arena, batchSize: 2, purpose: .inference)
        Self.fill(network.input, seed: 4)
        try network.forward()
        let before = Array(network.logits)
        arena.initialise(seed: 2)
        try network.forward()
        let after = Array(network.logits)
        #expect(before != after)
        arena.initialise(seed: 1)
        try network.forward()
        #expect(Array(network.logits) == before)
    }

    @Test func inferenceHasNoBackwardPassAndBatchesAreNotEmpty() throws {
        let graph = try Architecture.mlp.graph(imageShape: [1, 4, 4], classCount: 2)
        let arena = ParameterArena(graph: graph, seed: 1)
        let network = try Network(
            graph: graph, parameters: arena, batchSize: 2, purpose: .inference)
        #expect(throws: TrainingError("a network compiled for inference has no backward pass")) {
            try network.backward()
        }
        #expect(throws: TrainingError("batch size must lie between 1 and 65536, found 0")) {
            try Network(graph: graph, parameters: arena, batchSize: 0, purpose: .inference)
        }
        let other = try Architecture.cnn.graph(imageShape: [1, 28, 28], classCount: 2)
        #expect(throws: TrainingError("the parameters belong to another graph")) {
            try Network(graph: other, parameters: arena, batchSize: 1, purpose: .inference)
        }
    }

    @Test func oneValueAChannelCannotTrainABatchNorm() throws {
        let graph = try Graph(nodes: [
            Graph.Node("x", .input(shape: [3])), Graph.Node("fc", .dense(units: 4, bias: true)),
            Graph.Node("bn", .batchNormalization(epsilon: 1e-5, momentum: 0.1)),
        ])
        let error = try #require(throws: TrainingError.self) {
            try Network(
                graph: graph, parameters: ParameterArena(graph: graph, seed: 1), batchSize: 1,
                purpose: .training)
        }
        #expect(
            error.description
                == "node 'bn' (batch_norm): one value a channel has no variance to train with; use a larger batch"
        )
    }

    // MARK: Dropout

    private static func dropoutGraph() throws -> Graph {
        try Graph(nodes: [
            Graph.Node("x", .input(shape: [1000])), Graph.Node("drop", .dropout(rate: 0.25)),
        ])
    }

    @Test func dropoutKeepsTheExpectedShareAndScalesIt() throws {
        let graph = try Self.dropoutGraph()
        let network = try Network(
            graph: graph, parameters: ParameterArena(graph: graph, seed: 1), batchSize: 8,
            purpose: .training)
        network.input.update(repeating: 3)
        try network.forward(seed: 9, step: 2)
        let kept = network.logits.filter { $0 != 0 }
        #expect(kept.allSatisfy { $0 == 4 })
        #expect(abs(Float(kept.count) / 8000 - 0.75) < 0.02)
    }

    @Test func dropoutFollowsTheRowKeyAndNotThePosition() throws {
        let graph = try Self.dropoutGraph()
        func masks(_ rows: [UInt64], step: UInt64) throws -> [[Float]] {
            let network = try Network(
                graph: graph, parameters: ParameterArena(graph: graph, seed: 1),
                batchSize: rows.count, purpose: .training)
            network.input.update(repeating: 1)
            try network.forward(seed: 9, step: step, rows: rows)
            return rows.indices.map { Array(network.logits[($0 * 1000)..<($0 * 1000 + 1000)]) }
        }
        let three = try masks([70, 8, 12], step: 1)
        let two = try masks([12, 70], step: 1)
        #expect(two[0] == three[2])
        #expect(two[1] == three[0])
        #expect(three[0] != three[1])
        #expect(try masks([70], step: 2)[0] != three[0])
    }
}
