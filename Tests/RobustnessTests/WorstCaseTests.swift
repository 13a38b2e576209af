// SPDX-License-Identifier: Apache-2.0

import Robustness
import Tensors
import TestSupport
import Testing

@Suite struct WorstCaseTests {
    private let digest = Digest(hashing: Array("model".utf8))

    private func evaluation(
        _ text: String, name: String, images: LabelledImages, checkpoint: String = "m"
    ) throws -> Evaluation {
        let model = parityNetwork(batchSize: 32)
        let result = try AttackSpecification.parse(text).craft(against: model, images: images)
        return try Evaluator.evaluate(
            model, checkpoint: checkpoint, digest: digest,
            on: AdversarialSet(name: name, result: result, sourceModel: digest))
    }

    @Test func theMinimumIsTakenRowByRow() throws {
        let images = try seenImages(parityNetwork(), count: 80)
        let sets = try [
            evaluation("fgsm:epsilon=0.03", name: "a", images: images),
            evaluation("pgd:epsilon=0.03,steps=3,seed=1", name: "b", images: images),
            evaluation("pgd:epsilon=0.03,steps=40", name: "c", images: images),
        ]
        let worst = try WorstCase(over: sets)
        let standing = (0..<80).count { row in
            sets.allSatisfy { $0.outcomes[row].isAdversarialCorrect }
        }
        #expect(worst.accuracy == Rate(standing, of: 80))
        #expect(worst.waterfall.count == 4)
        #expect(worst.waterfall.first == 80 && worst.waterfall.last == standing)
        #expect(zip(worst.waterfall, worst.waterfall.dropFirst()).allSatisfy { $0 >= $1 })
        for (contribution, set) in zip(worst.contributions, sets) {
            #expect(contribution.broken == set.rates.successCleanCorrect.count)
            #expect(contribution.brokenAlone <= contribution.broken)
        }
        #expect(worst.verdict.contains("no attack in this store broke \(standing) of 80 rows"))
        #expect(worst.json["waterfall"]?.arrayValue?.count == 4)
    }

    @Test func setsThatCannotBeJoinedAreRefused() throws {
        let images = try seenImages(parityNetwork(), count: 10)
        let first = try evaluation("fgsm:epsilon=0.03", name: "a", images: images)
        let wider = try evaluation("fgsm:epsilon=0.1", name: "b", images: images)
        let fewer = try evaluation("fgsm:epsilon=0.03", name: "c", images: images.rows(0..<5))
        let other = try evaluation(
            "fgsm:epsilon=0.03", name: "d", images: images, checkpoint: "n")
        for second in [wider, fewer, other] {
            #expect(throws: RobustnessError.self) { try WorstCase(over: [first, second]) }
        }
        #expect(throws: RobustnessError.self) { try WorstCase(over: []) }
    }

    @Test func aCurveFallsFromCleanAccuracyAndNeverRises() throws {
        let model = parityNetwork(batchSize: 32)
        let images = try seenImages(model, count: 60)
        let epsilons = try ["0.3", "0.01", "0.02", "0.05", "0.1"].map {
            try ExactFraction(parsing: $0)
        }
        let curve = try AccuracyCurve(
            of: model, images: images, rowIDs: Array(0..<60), attack: "pgd:steps=10",
            epsilons: epsilons
        ) { _ in true }
        #expect(curve.points.map(\.epsilon.text) == ["0", "0.01", "0.02", "0.05", "0.1", "0.3"])
        let counts = curve.points.map(\.accuracy.count)
        #expect(counts.first == 60 && counts.last == 0)
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(throws: RobustnessError.self) {
            try AccuracyCurve(
                of: model, images: images, rowIDs: Array(0..<60), attack: "pgd:targeted=next",
                epsilons: epsilons
            ) { _ in true }
        }
    }
}
