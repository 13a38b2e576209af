// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct DeepFoolTests {
    private func craft(
        _ text: String, _ model: AnalyticModel, _ images: LabelledImages
    ) throws -> AdversarialResult {
        try AttackSpecification.parse("deepfool" + text).craft(against: model, images: images)
    }

    @Test(arguments: [("", "foolbox-deepfool-l2"), (":norm=linf", "foolbox-deepfool-linf")])
    func distancesAreFoolboxs(text: String, peer: String) throws {
        let model = parityNetwork()
        let result = try craft(text, model, innerImages(model))
        let theirs = try recorded(peer).map(Double.init)
        #expect(result.count(of: .success) == 24)
        let mean = theirs.reduce(0, +) / 24
        #expect(abs(result.meanDistance - mean) < 0.02 * mean)
        let equal = zip(result.distances, theirs).count { abs($0 - $1) < 1e-3 * $1 }
        #expect(equal >= 20)
    }

    @Test func aPlaneIsReachedInOneStep() throws {
        // 0.5 . (3, 4, 0) = 3.5 below an offset of 4: 0.1 away in l2, 1/14 in linf.
        let model = halfSpace([3, 4, 0], offset: 4)
        let images = try labelled(
            [0.5, 0.5, 0.5], shape: [1, 1, 3], labels: [0], classCount: 2)
        for (norm, distance, move) in [
            ("l2", 0.1, [0.6, 0.8, 0]), ("linf", 0.5 / 7, [1, 1, 0]),
        ] {
            let result = try craft(":norm=\(norm)", model, images)
            #expect(result.statuses == [.success])
            #expect(abs(result.distances[0] - 1.02 * (distance + 1e-4)) < 1e-6)
            #expect(result.gradients == [2])
            for (value, direction) in zip(try result.adversarial.floats(), move) {
                #expect(abs(Double(value) - 0.5 - 1.02 * (distance + 1e-4) * direction) < 1e-6)
            }
        }
    }

    @Test func theOvershootMultipliesTheWholeChange() throws {
        let model = parityNetwork()
        // Far enough from the ends of the box for nothing to be clipped.
        let images = try seenImages(model, count: 24, lower: 0.4, upper: 0.6)
        let less = try craft(":overshoot=0.02,steps=1", model, images)
        let more = try craft(":overshoot=0.3,steps=1", model, images)
        for row in 0..<24 where less.statuses[row] == .success {
            #expect(abs(more.distances[row] / less.distances[row] - 1.3 / 1.02) < 1e-4)
        }
        #expect(less.count(of: .success) > 3)
    }

    @Test(arguments: ["l2", "linf"])
    func examplesLeadByMoreThanRoundingWhateverTheBatch(norm: String) throws {
        let images = try innerImages(parityNetwork())
        let whole = try craft(":norm=\(norm),overshoot=0", parityNetwork(batchSize: 24), images)
        let single = try craft(":norm=\(norm),overshoot=0", parityNetwork(batchSize: 1), images)
        #expect(try whole.adversarial.floats() == single.adversarial.floats())
        #expect(whole.count(of: .success) == 24)
        // torchattacks' examples lie on the boundary itself, a third of them on its wrong side.
        #expect(whole.margins.allSatisfy { $0 < -1e-6 })
        let seen = try predictions(parityNetwork(), whole.adversarial.floats())
        #expect(zip(seen, images.labels).allSatisfy { $0 != $1 })
    }

    @Test func onlyTheCandidatesAreApproached() throws {
        // Class 2 is the nearest in distance but has the smallest logit.
        let model = AnalyticModel(
            imageShape: [1, 1, 2], classCount: 3,
            first: ([0, 0, 1, 0, 0, 100], [2, 0.5, -50]))
        let images = try labelled([0.5, 0.5], shape: [1, 1, 2], labels: [0], classCount: 3)
        let all = try craft("", model, images)
        #expect(abs(all.distances[0] - 0.02) < 1e-3)
        let runnerUp = try craft(":candidates=2", model, images)
        #expect(runnerUp.statuses == [.failed])
        #expect(runnerUp.gradients == [50])
    }

    @Test func rowsThatFailStayCleanAndSoDoMisclassifiedOnes() throws {
        let model = parityNetwork()
        let images = try innerImages(model)
        let labels = images.labels.enumerated().map { $0 < 3 ? ($1 + 1) % 5 : $1 }
        let wrong = try labelled(
            recorded("inner"), shape: [1, 6, 6], labels: labels, classCount: 5)
        let result = try craft(":steps=1", model, wrong)
        let (clean, found) = (try result.clean.floats(), try result.adversarial.floats())
        #expect(result.statuses.prefix(3).allSatisfy { $0 == .alreadyMisclassified })
        #expect(result.count(of: .failed) > 3)
        for row in 0..<24 where result.statuses[row] != .success {
            #expect(result.distances[row] == 0)
            #expect(found[(row * 36)..<(row * 36 + 36)] == clean[(row * 36)..<(row * 36 + 36)])
        }
    }

    @Test func aConstantModelHasNoGradient() throws {
        let images = try labelled([0.5, 0.5], shape: [1, 1, 2], labels: [0], classCount: 2)
        let result = try craft("", halfSpace([0, 0], offset: 1), images)
        #expect(result.statuses == [.failed])
        #expect(result.zeroGradientRows == 1)
    }

    @Test(arguments: [
        ("norm=l0", "l2, linf"), ("steps=0", "from 1"), ("candidates=1", "from 2"),
        ("epsilon=1", "norm, steps, overshoot, candidates"),
    ])
    func mistakesAreNamed(text: String, mention: String) {
        let error = #expect(throws: RobustnessError.self) {
            try AttackSpecification.parse("deepfool:" + text)
        }
        #expect(error?.description.contains(mention) == true)
    }
}
