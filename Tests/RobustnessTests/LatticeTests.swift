// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct LatticeTests {
    /// Images whose pixels are k/255, as `Float` has them.
    private func images(_ model: AnalyticModel, count: Int) throws -> LabelledImages {
        let pixels = try seenImages(model, count: count).images.floats().map {
            ($0 * 255).rounded() / 255
        }
        return try labelled(
            pixels, shape: model.imageShape, labels: predictions(model, pixels),
            classCount: model.classCount)
    }

    private static let attacks = [
        "fgsm:epsilon=8/255", "fgsm:epsilon=0.5,norm=l2", "bim:epsilon=0.1",
        "mi-fgsm:epsilon=0.3,keep=last", "pgd:epsilon=8/255", "pgd:epsilon=0.3,keep=last",
        "pgd:epsilon=0.7,norm=l2", "pgd:epsilon=3,norm=l1", "pgd:epsilon=2/255,norm=l2,keep=last",
        "pgd:epsilon=0.03,restarts=3,targeted=next",
    ]

    @Test(arguments: attacks)
    func whatIsStoredSurvivesEightBits(text: String) throws {
        let model = parityNetwork(batchSize: 16)
        let images = try images(model, count: 40)
        let attack = try AttackSpecification.parse(text + ",lattice=255")
        let result = try attack.craft(against: model, images: images)
        let (found, clean) = (try result.adversarial.floats(), try images.images.floats())
        let bytes = found.map { UInt8(($0 * 255).rounded()) }
        #expect(bytes.map { Float($0) / 255 } == found)
        // The ball is counted in levels.
        let epsilon = try #require(attack.threatModel.epsilon).value * 255
        for row in 0..<40 {
            let changes = (row * 36..<row * 36 + 36).map {
                Int(bytes[$0]) - Int((clean[$0] * 255).rounded())
            }
            switch attack.threatModel.norm {
            case .linf: #expect(Double(changes.map(abs).max() ?? 0) <= epsilon)
            case .l1: #expect(Double(changes.map(abs).reduce(0, +)) <= epsilon)
            default: #expect(Double(changes.map { $0 * $0 }.reduce(0, +)) <= epsilon * epsilon)
            }
        }
        // Success was judged at the stored points.
        let seen = try predictions(model, found)
        for row in 0..<40 {
            let isReached =
                result.targets[row] < 0
                ? seen[row] != images.labels[row] : seen[row] == result.targets[row]
            #expect((result.statuses[row] == .success) == isReached)
        }
        #expect(text.contains("2/255,") || result.count(of: .success) > 0)
    }

    @Test func eightOf255AreInsideEightOf255() throws {
        let model = linearModel(pixels: 40, classCount: 2)
        let images = try labelled(
            (0..<40).map { Float(60 + 3 * $0) / 255 }, shape: [1, 1, 40], labels: [0],
            classCount: 2)
        let result = try AttackSpecification.parse("fgsm:epsilon=8/255,lattice=255").craft(
            against: model, images: images)
        let changes = zip(try result.adversarial.floats(), try images.images.floats()).map {
            abs((($0 - $1) * 255).rounded())
        }
        #expect(changes.allSatisfy { $0 == 8 })
        #expect(result.distances[0] <= result.threatModel.tolerated)
    }

    /// Rounding every step would undo steps smaller than half a level.
    @Test func stepsBelowALevelAddUp() throws {
        let model = linearModel(pixels: 30, classCount: 2)
        let images = try images(model, count: 10)
        let text = "pgd:epsilon=8/255,step=0.4/255,start=none,keep=last,lattice=255"
        let result = try AttackSpecification.parse(text).craft(against: model, images: images)
        let one = try AttackSpecification.parse("fgsm:epsilon=8/255,lattice=255").craft(
            against: model, images: images)
        #expect(try result.adversarial.floats() == one.adversarial.floats())
    }

    @Test func cleanImagesOffTheLatticeAreRefused() throws {
        let model = linearModel(pixels: 4, classCount: 2)
        let images = try labelled(
            [0, 1, 0.5, 0.2] + [0, 1, 0.2, 0.2], shape: [1, 1, 4], labels: [0, 1], classCount: 2)
        let error = #expect(throws: RobustnessError.self) {
            try AttackSpecification.parse("pgd:epsilon=0.1,lattice=255").craft(
                against: model, images: images)
        }
        #expect(error?.description.contains("row 0 has the pixel 0.5") == true)
        // 0.5 is on no lattice of an odd number of levels, 0.2 on those of multiples of 5.
        let result = try AttackSpecification.parse("pgd:epsilon=0.1,lattice=10").craft(
            against: model, images: images)
        #expect(result.count == 2)
    }

    @Test(arguments: [
        ("8/255", Norm.linf, 8), ("0.3", .linf, 76), ("1/255", .l2, 1), ("2", .l2, 260_100),
        ("0.999999999999999", .linf, 254), ("12", .l1, 3060),
    ])
    func radiiInLevelsAreExact(epsilon: String, norm: Norm, expected: Int) throws {
        let ball = NormBall(norm: norm, epsilon: try ExactFraction(parsing: epsilon))
        #expect(ball.latticeLimit(levels: 255) == expected)
    }
}
