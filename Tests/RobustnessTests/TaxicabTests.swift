// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct TaxicabTests {
    private func ball(_ epsilon: String, count: Int) throws -> PixelBall {
        let radius = try ExactFraction(parsing: epsilon)
        return PixelBall(
            NormBall(norm: .l1, epsilon: radius), step: radius, count: count,
            sparsity: try ExactFraction(parsing: "0.05"))
    }

    /// Points recorded by Fixtures/robustness/make_parity.py; Foolbox scales the change instead of
    /// projecting it, and then clips it to the box, which leaves it short of the ball.
    @Test func theProjectionIsTheNearestPointThatScipyFinds() throws {
        let (clean, points) = (try recorded("clean"), try recorded("scipy-l1-points"))
        let expected = try recorded("scipy-l1-projected")
        let ball = try ball("1.5", count: 36)
        for row in 0..<24 {
            var image = Array(points[(row * 36)..<(row * 36 + 36)])
            let centre = Array(clean[(row * 36)..<(row * 36 + 36)])
            ball.contain(&image, around: centre, bounds: [])
            expectClose(image, Array(expected[(row * 36)..<(row * 36 + 36)]), absolute: 2e-5)
            #expect(ThreatModel.distance(.l1, image, centre, count: 36) <= 1.5)
        }
    }

    @Test func aPointInsideStaysWhereItIs() throws {
        let centre: [Float] = [0, 0.5, 1, 0.25]
        var image: [Float] = [0.5, 0.25, 0.75, 0.25]
        try ball("1.01", count: 4).contain(&image, around: centre, bounds: [])
        #expect(image == [0.5, 0.25, 0.75, 0.25])
    }

    @Test func aStepMovesTheSteepestValuesThatTheBoxLetsMove() throws {
        let centre = [Float](repeating: 0.5, count: 38) + [1, 0]
        var image = centre
        var gradient = [Float](repeating: 0.001, count: 40)
        // The steepest are at the edge already.
        (gradient[38], gradient[39], gradient[7], gradient[3]) = (9, -9, -2, 1)
        let moved = try ball("0.5", count: 40).advance(
            &image, along: gradient, around: centre, bounds: [])
        #expect(moved)
        let changed = image.indices.filter { image[$0] != centre[$0] }
        #expect(changed == [3, 7])
        expectClose([image[3], image[7]], [0.75, 0.25], absolute: 1e-6)
        let zero = [Float](repeating: 0, count: 40)
        #expect(
            try !ball("0.5", count: 40).advance(&image, along: zero, around: centre, bounds: []))
    }

    /// The steepest pixels go to the edge of the box one by one until the budget is spent.
    @Test func onALinearModelTheKnownOptimumIsReached() throws {
        let model = linearModel(pixels: 50, classCount: 2)
        let images = try seenImages(model, count: 20)
        let clean = try images.images.floats()
        let zero = try AttackSpecification.parse("fgsm:epsilon=1e-9").craft(
            against: model, images: images)
        let result = try AttackSpecification.parse(
            "pgd:norm=l1,epsilon=2,steps=100,step=0.2,sparsity=0.02,keep=best,start=none"
        ).craft(against: model, images: images)
        for row in 0..<20 {
            let label = images.labels[row]
            var gains = (0..<50).map { index in
                let slope =
                    Double(model.first.weight[(1 - label) * 50 + index])
                    - Double(model.first.weight[label * 50 + index])
                let pixel = Double(clean[row * 50 + index])
                return (slope: abs(slope), room: slope > 0 ? 1 - pixel : pixel)
            }
            gains.sort { $0.slope > $1.slope }
            var (budget, best) = (2.0, 0.0)
            for gain in gains {
                best += gain.slope * min(budget, gain.room)
                budget -= min(budget, gain.room)
            }
            let drop = Double(zero.margins[row] - result.margins[row])
            #expect(drop <= best + 1e-4)
            #expect(drop >= 0.98 * best)
        }
    }

    @Test(arguments: ["0.5", "5", "1/255", "1e-6", "40"])
    func nothingLeavesTheBallNorTheBox(epsilon: String) throws {
        let model = parityNetwork(batchSize: 64)
        let images = try seenImages(model, count: 64)
        let limit = try ExactFraction(parsing: epsilon).valueRoundedDown
        for keys in ["keep=last", "step=3,sparsity=1", "start=none,keep=best,steps=3"] {
            let result = try AttackSpecification.parse("pgd:norm=l1,epsilon=\(epsilon),\(keys)")
                .craft(against: model, images: images)
            #expect(result.distances.allSatisfy { $0 <= limit })
            #expect(try result.adversarial.floats().allSatisfy { (0...1).contains($0) })
        }
    }

    @Test func startsAreUniformInTheBall() throws {
        let (count, rows) = (20, 2000)
        let centre = [Float](repeating: 0.5, count: count)
        let ball = try ball("0.4", count: count)
        var (sizes, signs) = (0.0, 0)
        for row in 0..<rows {
            var stream = RandomStream(seed: 3, purpose: .test, row: UInt64(row))
            var image = centre
            ball.writeStart(around: centre, bounds: [], stream: &stream, into: &image)
            sizes += ThreatModel.distance(.l1, image, centre, count: count)
            signs += image.count { $0 > 0.5 }
        }
        // The radius over epsilon is the d-th root of a uniform number: its mean is d / (d + 1).
        #expect(abs(sizes / Double(rows) / 0.4 - 20.0 / 21) < 0.005)
        #expect(abs(Double(signs) / Double(rows * count) - 0.5) < 0.01)
    }
}
