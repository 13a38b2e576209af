// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing
import Training

/// Forward values and gradients against PyTorch in double precision, recorded by
/// `Fixtures/training/make.py`.
struct PyTorchAgreementTests {
    @Test(
        arguments: try ["convolution", "elementwise", "pooling", "padding", "joining"]
            .flatMap { try RecordedCase.load("\($0).json") })
    func operationsAgree(_ recorded: RecordedCase) throws {
        try check(recorded, tolerance: 2e-5)
    }

    @Test(arguments: try RecordedCase.load("networks.json"))
    func wholeNetworksAgree(_ recorded: RecordedCase) throws {
        try check(recorded, tolerance: 1e-3)
    }

    @Test(arguments: try RecordedCase.load("networks.json"))
    func namedArchitecturesAreTheRecordedGraphs(_ recorded: RecordedCase) throws {
        let graph = try Architecture.graph(
            named: recorded.name, imageShape: recorded.graph.inputShape, classCount: 10)
        #expect(graph == recorded.graph)
    }

    private func check(_ recorded: RecordedCase, tolerance: Float) throws {
        let inference = recorded.json["inference"]
        for purpose in [Network.Purpose.inference, .inputGradient] {
            let network = try recorded.network(purpose)
            try network.forward()
            try RecordedCase.expect(
                network.logits, matches: inference?["logits"], tolerance: tolerance,
                "\(purpose) logits")
            guard purpose == .inputGradient else { continue }
            try network.backward()
            try RecordedCase.expect(
                network.inputGradient, matches: inference?["input_gradient"],
                tolerance: tolerance, "input gradient")
        }
        let training = recorded.json["training"]
        let network = try recorded.network(.training)
        try network.forward()
        try RecordedCase.expect(
            network.logits, matches: training?["logits"], tolerance: tolerance, "training logits")
        try network.backward()
        for slot in network.parameters.slots {
            let name = slot.specification.name
            if slot.specification.isTrainable {
                try RecordedCase.expect(
                    network.parameters.gradients(of: slot), matches: training?["gradients"]?[name],
                    tolerance: tolerance, "gradient of \(name)")
            } else {
                try RecordedCase.expect(
                    network.parameters.values(of: slot), matches: training?["running"]?[name],
                    tolerance: tolerance, name)
            }
        }
    }
}
