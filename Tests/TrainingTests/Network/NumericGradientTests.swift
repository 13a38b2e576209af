// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing
import Training

/// Gradients against central differences, on problems small enough to move every value. Kinks are
/// avoided by smooth activations; PyTorch's recorded results cover ReLU and max pooling.
struct NumericGradientTests {
    static func graph(_ nodes: [Graph.Node]) throws -> Graph {
        try Graph(
            nodes: [Graph.Node("x", .input(shape: [2, 3, 3]))] + nodes
                + [Graph.Node("flat", .flatten), Graph.Node("fc", .dense(units: 3, bias: true))])
    }

    private static let convolution = Operation.convolution(
        Convolution(filters: 3, window: Window(kernel: Extent(2), padding: Extent(1))))

    static let graphs: [(name: String, nodes: [Graph.Node])] = [
        ("conv2d and tanh", [Graph.Node("c", convolution), Graph.Node("t", .activation(.tanh))]),
        (
            "batch norm",
            [
                Graph.Node("c", convolution),
                Graph.Node("bn", .batchNormalization(epsilon: 1e-3, momentum: 0.1)),
                Graph.Node("s", .activation(.sigmoid)),
            ]
        ),
        (
            "average pooling",
            [
                Graph.Node("c", convolution), Graph.Node("t", .activation(.tanh)),
                Graph.Node(
                    "p", .averagePool(Window(kernel: Extent(2, 3)), countsPadding: true)),
            ]
        ),
        (
            "residual",
            [
                Graph.Node("t", .activation(.tanh)),
                Graph.Node(
                    "c",
                    .convolution(
                        Convolution(
                            filters: 2, window: Window(kernel: Extent(3), padding: Extent(1))))),
                Graph.Node("a", .add, inputs: ["c", "t"]),
                Graph.Node("g", .concat, inputs: ["a", "c", "x"]),
            ]
        ),
        (
            "dropout", [Graph.Node("c", convolution), Graph.Node("d", .dropout(rate: 0.4))]
        ),
    ]

    @Test(arguments: graphs.map(\.name))
    func parameterGradientsAreDifferenceQuotients(_ name: String) throws {
        let nodes = try #require(Self.graphs.first { $0.name == name }).nodes
        let graph = try Self.graph(nodes)
        let arena = ParameterArena(graph: graph, seed: 3)
        let network = try Network(
            graph: graph, parameters: arena, batchSize: 3, purpose: .training)
        var stream = RandomStream(seed: 8, purpose: .test)
        for index in network.input.indices { network.input[index] = stream.uniform() }
        let weights = network.logits.indices.map { _ in stream.uniform(-1, 1) }

        func loss() throws -> Double {
            try network.forward(seed: 1, step: 1)
            return zip(network.logits, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        _ = try loss()
        _ = network.logitsGradient.update(from: weights)
        try network.backward()
        let gradients = Array(arena.gradients)
        for slot in arena.slots where slot.specification.isTrainable {
            for index in slot.range {
                let value = arena.values[index]
                let step: Float = 1e-2
                arena.values[index] = value + step
                arena.valuesChanged()
                let above = try loss()
                arena.values[index] = value - step
                arena.valuesChanged()
                let below = try loss()
                arena.values[index] = value
                let quotient = Float((above - below) / Double(2 * step))
                #expect(
                    abs(quotient - gradients[index]) <= 2e-3 + 1e-2 * abs(quotient),
                    "\(slot.specification.name)[\(index - slot.offset)]")
            }
        }
    }

    @Test(arguments: graphs.map(\.name))
    func inputGradientsAreDifferenceQuotients(_ name: String) throws {
        let nodes = try #require(Self.graphs.first { $0.name == name }).nodes
        let normalize = Operation.normalize(mean: [0.4, 0.5], deviation: [0.5, 2])
        var rest = nodes
        // The node after the input reads the normalised image.
        rest.insert(Graph.Node("n", normalize), at: 0)
        let graph = try Self.graph(rest)
        let network = try Network(
            graph: graph, parameters: ParameterArena(graph: graph, seed: 3), batchSize: 2,
            purpose: .inputGradient)
        var stream = RandomStream(seed: 8, purpose: .test)
        for index in network.input.indices { network.input[index] = stream.uniform() }
        let weights = network.logits.indices.map { _ in stream.uniform(-1, 1) }

        func loss() throws -> Double {
            try network.forward()
            return zip(network.logits, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        _ = try loss()
        _ = network.logitsGradient.update(from: weights)
        try network.backward()
        let gradients = Array(network.inputGradient)
        for index in gradients.indices {
            let value = network.input[index]
            network.input[index] = value + 1e-2
            let above = try loss()
            network.input[index] = value - 1e-2
            let below = try loss()
            network.input[index] = value
            let quotient = Float((above - below) / 2e-2)
            #expect(abs(quotient - gradients[index]) <= 2e-3 + 1e-2 * abs(quotient), "[\(index)]")
        }
    }
}
