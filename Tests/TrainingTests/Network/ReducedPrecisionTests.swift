// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing
import Training

/// bf16 networks against f32 ones, which agree with PyTorch. bf16 keeps 8 bits, so a tensor as a
/// whole is judged, not its elements.
@Suite(.enabled(if: Network.Precision.bf16.isSupported))
struct ReducedPrecisionTests {
    private func distance(_ found: some Collection<Float>, _ expected: some Collection<Float>)
        -> Double
    {
        let difference = zip(found, expected).reduce(0.0) {
            $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
        }
        let norm = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
        return norm == 0 ? difference : (difference / norm).squareRoot()
    }

    @Test(
        arguments: try ["convolution", "elementwise", "pooling", "padding", "joining"]
            .flatMap { try RecordedCase.load("\($0).json") })
    func operationsAgree(_ recorded: RecordedCase) throws {
        for purpose in [Network.Purpose.inference, .inputGradient, .training] {
            let full = try recorded.network(purpose)
            let reduced = try recorded.network(purpose, precision: .bf16)
            try full.forward()
            try reduced.forward()
            #expect(distance(reduced.logits, full.logits) < 0.03, "\(purpose) logits")
            guard purpose != .inference else { continue }
            try full.backward()
            try reduced.backward()
            if purpose == .inputGradient {
                // Rounding makes ties, and a maximum then chooses another pixel.
                let limit = recorded.name.contains("max") ? 0.25 : 0.05
                #expect(distance(reduced.inputGradient, full.inputGradient) < limit)
            } else {
                #expect(distance(reduced.parameters.gradients, full.parameters.gradients) < 0.05)
                #expect(distance(reduced.parameters.values, full.parameters.values) < 0.01)
            }
        }
    }

    @Test(arguments: try RecordedCase.load("networks.json"))
    func wholeNetworksAgree(_ recorded: RecordedCase) throws {
        let full = try recorded.network(.training)
        let reduced = try recorded.network(.training, precision: .bf16)
        for network in [full, reduced] {
            try network.forward()
            try network.backward()
        }
        #expect(distance(reduced.logits, full.logits) < 0.1)
        // Batch norm over two images magnifies rounding through ResNet-20's layers.
        let limit = recorded.name == "cnn" ? 0.1 : 0.5
        #expect(distance(reduced.parameters.gradients, full.parameters.gradients) < limit)
    }

    @Test func equalSeedsGiveEqualBits() throws {
        let recorded = try #require(try RecordedCase.load("networks.json").first)
        let results = try (0..<3).map { _ in
            let network = try recorded.network(.training, precision: .bf16)
            try network.forward()
            try network.backward()
            return Array(network.logits) + Array(network.parameters.gradients)
        }
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
    }
}
