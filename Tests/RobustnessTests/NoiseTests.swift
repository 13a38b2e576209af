// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct NoiseTests {
    private func craft(
        _ text: String, _ model: AnalyticModel, _ images: LabelledImages
    ) throws -> AdversarialResult {
        try AttackSpecification.parse(text).craft(against: model, images: images)
    }

    /// Clipping takes norm away from noise on black pixels; the scale makes up for it.
    @Test(arguments: ["linf", "l2"], ["uniform", "gaussian"])
    func theChangeThatIsMadeHasTheNormAskedFor(norm: String, kind: String) throws {
        let model = parityNetwork(batchSize: 16)
        let black = try labelled(
            [Float](repeating: 0, count: 4 * 36), shape: [1, 6, 6],
            labels: predictions(model, [Float](repeating: 0, count: 4 * 36)), classCount: 5)
        for images in [black, try seenImages(model, count: 20)] {
            let result = try craft(
                "noise:epsilon=0.2,norm=\(norm),kind=\(kind),draws=3", model, images)
            for row in 0..<images.count where result.statuses[row] != .alreadyMisclassified {
                #expect(result.distances[row] <= 0.2)
                #expect(result.distances[row] > 0.2 - 1e-5)
            }
            #expect(try result.adversarial.floats().allSatisfy { (0...1).contains($0) })
        }
    }

    /// A ball that reaches beyond the box holds no more than the box.
    @Test func theBoxBoundsTheNorm() throws {
        let model = linearModel(pixels: 4, classCount: 2)
        let images = try seenImages(model, count: 3)
        let result = try craft("noise:epsilon=50,norm=l2,draws=1", model, images)
        #expect(result.distances.allSatisfy { $0 > 0.9 && $0 <= 2 })
    }

    @Test func itIsForwardPassesAloneAndStopsAtTheFirstSuccess() throws {
        let model = parityNetwork(batchSize: 16)
        let images = try seenImages(model, count: 60)
        let many = try craft("noise:epsilon=0.3,draws=50", model, images)
        let one = try craft("noise:epsilon=0.3,draws=1", model, images)
        #expect(many.gradients.allSatisfy { $0 == 0 } && model.gradientRows == 0)
        for row in 0..<60 {
            #expect(one.statuses[row] != .success || many.statuses[row] == .success)
            if many.statuses[row] == .failed {
                #expect(many.queries[row] == 51)
                #expect(many.margins[row] <= one.margins[row] + 1e-4)
            } else {
                #expect(many.queries[row] <= 51)
            }
        }
        #expect(many.count(of: .success) > one.count(of: .success))
        // The gradient knows better: the same ball breaks every row.
        #expect(many.count(of: .success) < 60)
        #expect(try craft("pgd:epsilon=0.3", model, images).count(of: .success) == 60)
    }

    @Test(arguments: ["noise:epsilon=0.1,draws=4", "noise:epsilon=0.5,norm=l2,kind=gaussian"])
    func drawsBelongToTheirRow(text: String) throws {
        let images = try seenImages(parityNetwork(), count: 21)
        let alone = try craft(text, parityNetwork(batchSize: 1), images)
        let together = try craft(text, parityNetwork(batchSize: 16), images)
        #expect(alone.adversarial == together.adversarial)
        #expect(
            try craft(text + ",seed=1", parityNetwork(), images).adversarial != alone.adversarial)
    }

    @Test func onTheLatticeItIsNoiseOfEightBits() throws {
        let model = parityNetwork()
        let pixels = (0..<36).map { Float($0 * 7) / 255 }
        let images = try labelled(
            pixels, shape: [1, 6, 6], labels: predictions(model, pixels), classCount: 5)
        let result = try craft("noise:epsilon=8/255,lattice=255", model, images)
        let changes = zip(try result.adversarial.floats(), pixels).map { ($0 - $1) * 255 }
        #expect(changes.allSatisfy { abs($0 - $0.rounded()) < 1e-3 && abs($0) < 8.5 })
        #expect(changes.contains { abs($0) > 7.5 })
    }
}
