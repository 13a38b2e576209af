// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct MomentumTests {
    @Test func gradientsAreDividedByTheirL1LengthAndAddUp() {
        var momentum = Momentum(decay: 0.5, count: 3)
        for gradient: [Float] in [[1, -3, 0], [0, 0, -2]] { _ = momentum.add(gradient) }
        expectClose(momentum.velocity, [0.125, -0.375, -1], absolute: 1e-7)
    }

    /// torchattacks divides by the zero length and gets NaN, whose sign is 0: the image stays put
    /// for ever and the model looks strong.
    @Test(arguments: [[0, 0], [Float.nan, 1], [Float.infinity, 1]])
    func aGradientWithoutADirectionAddsNothing(gradient: [Float]) {
        var momentum = Momentum(decay: 1, count: 2)
        let answers = [momentum.add([3, -1]), momentum.add(gradient)]
        #expect(answers == [true, false])
        #expect(momentum.velocity == [0.75, -0.25])
    }

    @Test(arguments: ["linf", "l2"])
    func zeroGradientsMakeNoNaNAndAreSaid(norm: String) throws {
        // Cross-entropy's gradient underflows at logits like these, the log-odds' does not.
        let model = parityNetwork(batchSize: 16, scale: 1e4)
        let images = try seenImages(model, count: 16)
        for keep in ["first", "last", "best"] {
            let text = "mi-fgsm:epsilon=0.3,norm=\(norm),keep=\(keep)"
            let masked = try AttackSpecification.parse(text + ",loss=ce").craft(
                against: model, images: images)
            #expect(try masked.adversarial.floats() == images.images.floats())
            #expect(masked.zeroGradientRows == 16)
            #expect(masked.count(of: .failed) == 16)
            let open = try AttackSpecification.parse(text).craft(against: model, images: images)
            #expect(open.zeroGradientRows == 0)
            #expect(open.count(of: .success) > (norm == "linf" ? 12 : 0))
        }
    }

    /// What came before a zero gradient carries on: on a model whose gradient is a constant, all
    /// steps together go where one step would.
    @Test func stepsOnALinearModelReachTheCorner() throws {
        let model = linearModel(pixels: 30, classCount: 2)
        let images = try seenImages(model, count: 10, lower: 0.2, upper: 0.8)
        let one = try AttackSpecification.parse("fgsm:epsilon=0.1").craft(
            against: model, images: images)
        let many = try AttackSpecification.parse("mi-fgsm:epsilon=0.1,keep=last").craft(
            against: model, images: images)
        expectClose(
            try many.adversarial.floats(), try one.adversarial.floats(), absolute: 1e-6)
        #expect(many.distances.allSatisfy { $0 <= 0.1 })
    }
}
