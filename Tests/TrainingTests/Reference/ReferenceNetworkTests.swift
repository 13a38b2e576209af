// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Training

/// The graph in double precision against PyTorch in double precision, and the fast kernels against
/// it.
@Suite struct ReferenceNetworkTests {
    private static func network(_ graph: Graph) throws -> ReferenceNetwork {
        try ReferenceNetwork(graph: graph, parameters: RecordedCase.parameters(of: graph))
    }

    @Test(
        arguments: try [
            "convolution", "elementwise", "pooling", "padding", "joining", "networks",
        ].flatMap { try RecordedCase.load("\($0).json") })
    func pyTorchAgrees(_ recorded: RecordedCase) throws {
        let network = try Self.network(recorded.graph)
        let size = recorded.graph.inputShape.elementCount
        let classes = recorded.graph.classCount
        // The recorded networks were shown images and seeds rounded to single precision.
        let images = RecordedCase.formula(recorded.batch * size, salt: 1).map { Float($0 + 0.5) }
        let seeds = RecordedCase.formula(recorded.batch * classes, salt: 2).map {
            Double(Float($0))
        }
        var logits: [Float] = []
        var gradients: [Float] = []
        for row in 0..<recorded.batch {
            let pass = network.pass(
                over: images[(row * size)..<((row + 1) * size)].map { Double($0) })
            logits += pass.logits.map { Float($0) }
            let gradient = pass.inputGradient(
                seed: Array(seeds[(row * classes)..<((row + 1) * classes)]))
            gradients += gradient.map { Float($0) }
        }
        let inference = recorded.json["inference"]
        try RecordedCase.expect(logits, matches: inference?["logits"], tolerance: 1e-6, "logits")
        try RecordedCase.expect(
            gradients, matches: inference?["input_gradient"], tolerance: 1e-6, "input gradient")
    }

    /// Shapes that the fast kernels treat apart: few and many channels, groups, strides, padding,
    /// kernels as large as the image, and the patterns that are fused.
    static let operations: [(name: String, nodes: [Graph.Node])] = {
        func convolution(
            _ filters: Int, _ kernel: Extent, stride: Int = 1, padding: Int = 0, groups: Int = 1,
            bias: Bool = true
        ) -> Training.Operation {
            .convolution(
                Convolution(
                    filters: filters,
                    window: Window(
                        kernel: kernel, stride: Extent(stride), padding: Extent(padding)),
                    groups: groups, bias: bias))
        }
        let relu = Graph.Node("r", .activation(.relu))
        let pool = Graph.Node("p", .maxPool(Window(kernel: Extent(2), stride: Extent(2))))
        let same = convolution(16, Extent(3), padding: 1)
        return [
            ("conv 3x3", [.init("c", convolution(5, Extent(3)))]),
            ("conv 3x3 same, relu, pool", [.init("c", same), relu, pool]),
            (
                "conv 32, pool, relu",
                [.init("c", convolution(32, Extent(3), padding: 1)), pool, relu]
            ),
            (
                "two convs with pools",
                [
                    .init("c", same), relu, pool,
                    .init("d", convolution(24, Extent(3), padding: 1)),
                    .init("s", .activation(.leakyRelu(slope: 0.2))),
                    .init("q", .maxPool(Window(kernel: Extent(2), stride: Extent(2)))),
                ]
            ),
            (
                "conv 5x5 stride 2, pool 3x2",
                [
                    .init("c", convolution(9, Extent(5, 4), stride: 2, padding: 3)), relu,
                    .init("p", .maxPool(Window(kernel: Extent(2, 3), stride: Extent(2, 3)))),
                ]
            ),
            (
                "many channels, stride 2, whole pool",
                [
                    .init("c", same), .init("d", convolution(8, Extent(2), stride: 2, padding: 1)),
                    .init("bn", .batchNormalization(epsilon: 1e-3, momentum: 0.1)), relu,
                    .init("p", .maxPool(Window(kernel: Extent(4), stride: Extent(4)))),
                ]
            ),
            ("conv stride 2", [.init("c", convolution(16, Extent(3), stride: 2, padding: 1))]),
            ("conv 1x1", [.init("c", convolution(7, Extent(1), bias: false))]),
            ("conv whole image", [.init("c", convolution(4, Extent(6, 7)))]),
            ("conv groups", [.init("c", convolution(6, Extent(2, 3), groups: 3))]),
            ("depthwise", [.init("c", convolution(3, Extent(3), padding: 1, groups: 3))]),
            (
                "two convs", [.init("c", same), relu, .init("d", convolution(24, Extent(3)))]
            ),
            (
                "batch norm after conv",
                [
                    .init("c", same),
                    .init("bn", .batchNormalization(epsilon: 1e-3, momentum: 0.1)), relu,
                ]
            ),
            (
                "batch norm alone",
                [.init("bn", .batchNormalization(epsilon: 1e-5, momentum: 0.1))]
            ),
            (
                "normalize",
                [.init("n", .normalize(mean: [0.4, 0.5, 0.1], deviation: [0.5, 2, 1]))]
            ),
            ("leaky relu", [.init("c", same), .init("a", .activation(.leakyRelu(slope: 0.1)))]),
            ("tanh", [.init("c", same), .init("a", .activation(.tanh))]),
            ("sigmoid", [.init("c", same), .init("a", .activation(.sigmoid))]),
            (
                "max pool that overlaps",
                [
                    .init(
                        "p",
                        .maxPool(Window(kernel: Extent(3), stride: Extent(2), padding: Extent(1))))
                ]
            ),
            (
                "average pool",
                [.init("p", .averagePool(Window(kernel: Extent(2, 3)), countsPadding: true))]
            ),
            (
                "average pool with padding",
                [
                    .init(
                        "p",
                        .averagePool(
                            Window(kernel: Extent(3), stride: Extent(2), padding: Extent(1)),
                            countsPadding: false))
                ]
            ),
            ("global average pool", [.init("c", same), .init("p", .globalAveragePool)]),
            ("dropout", [.init("d", .dropout(rate: 0.5))]),
            (
                "residual and concat",
                [
                    .init("c", convolution(3, Extent(3), padding: 1)), relu,
                    .init("s", .add, inputs: ["r", "x"]),
                    .init("j", .concat, inputs: ["s", "c", "x"]),
                ]
            ),
        ]
    }()

    @Test(arguments: operations.map(\.name))
    func fastKernelsAgree(_ name: String) throws {
        let nodes = try #require(Self.operations.first { $0.name == name }).nodes
        let graph = try Graph(
            nodes: [Graph.Node("x", .input(shape: [3, 6, 7]))] + nodes
                + [Graph.Node("flat", .flatten), Graph.Node("fc", .dense(units: 3, bias: true))])
        let (batch, size) = (5, graph.inputShape.elementCount)
        let classifier = try Classifier(
            graph: graph, parameters: RecordedCase.parameters(of: graph), batchSize: batch)
        let images = FloatBuffer(count: batch * size)
        var stream = RandomStream(seed: 4, purpose: .test)
        for index in 0..<images.count { images.base[index] = stream.uniform() }
        let seeds = (0..<(batch * 3)).map { _ in stream.uniform(-1, 1) }
        let (logits, gradients) = (
            FloatBuffer(count: batch * 3), FloatBuffer(count: batch * size)
        )
        try classifier.inputGradient(
            of: UnsafeBufferPointer(images.all), count: batch, into: gradients.all,
            logits: logits.all
        ) { _, slopes in _ = slopes.update(from: seeds) }

        let network = try Self.network(graph)
        let expected = network.logits(of: UnsafeBufferPointer(images.all), count: batch)
        expectClose(
            Array(logits.all), expected.map { Float($0) }, absolute: 2e-6, relative: 2e-6, "logits")
        let slopes = FloatBuffer(count: batch * size)
        network.forEachPass(over: UnsafeBufferPointer(images.all), count: batch) { row, pass in
            let gradient = pass.inputGradient(
                seed: seeds[(row * 3)..<((row + 1) * 3)].map { Double($0) })
            for (index, slope) in gradient.enumerated() {
                slopes.base[row * size + index] = Float(slope)
            }
        }
        expectClose(
            Array(gradients.all), Array(slopes.all), absolute: 2e-6, relative: 2e-6, "gradient")
    }

    /// The pooling after a first convolution differentiates it as well: see ``PooledPatchGradient``.
    @Test func aPooledFirstConvolutionHasNoBackwardKernelOfItsOwn() throws {
        let nodes = try #require(Self.operations.first { $0.name == "two convs with pools" }).nodes
        let graph = try Graph(
            nodes: [Graph.Node("x", .input(shape: [3, 6, 7]))] + nodes
                + [Graph.Node("flat", .flatten), Graph.Node("fc", .dense(units: 3, bias: true))])
        func backward(_ purpose: Network.Purpose) throws -> [String] {
            try Network(
                graph: graph, parameters: ParameterArena(graph: graph, seed: 1), batchSize: 2,
                purpose: purpose
            ).planSummary.filter { $0.hasPrefix("backward ") }
        }
        #expect(try !backward(.inputGradient).contains { $0.hasPrefix("backward c:") })
        #expect(try backward(.inputGradient).contains("backward p: host"))
        // The weights' gradient wants the whole gradient of the convolution's result.
        #expect(try backward(.training).contains { $0.hasPrefix("backward c:") })
    }

    @Test func nanIsNotHidden() throws {
        let graph = try Graph(nodes: [
            .init("x", .input(shape: [1, 4, 4])), .init("r", .activation(.relu)),
            .init("p", .maxPool(Window(kernel: Extent(2), stride: Extent(2)))),
            .init("flat", .flatten), .init("fc", .dense(units: 2, bias: true)),
        ])
        var image = [Double](repeating: 0.5, count: 16)
        image[5] = .nan
        #expect(try Self.network(graph).pass(over: image).logits.allSatisfy(\.isNaN))
    }

    @Test func aGradientThatSinglePrecisionShowsAsZeroIsSeen() throws {
        let graph = try Graph(nodes: [
            .init("x", .input(shape: [1])), .init("fc", .dense(units: 1, bias: true)),
            .init("s", .activation(.sigmoid)),
        ])
        var parameters = NamedTensors()
        parameters["fc/weight"] = Tensor([200], shape: [1, 1])
        parameters["fc/bias"] = Tensor([0], shape: [1])
        let network = try ReferenceNetwork(graph: graph, parameters: parameters)
        // d sigmoid(200 x) / dx at 1 is 200 exp(-200) / (1 + exp(-200))^2 = 2.77e-85.
        let slope = network.pass(over: [1]).inputGradient(seed: [1])[0]
        #expect(abs(slope / 2.767793053473476e-85 - 1) < 1e-12)
    }
}
