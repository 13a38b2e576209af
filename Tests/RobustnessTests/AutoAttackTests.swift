// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct AutoAttackTests {
    private func parse(_ text: String) throws -> any Attack { try AttackSpecification.parse(text) }

    @Test func theStandardVersionHasTheOriginalsSettings() throws {
        let attack = try #require(parse("autoattack:epsilon=8/255") as? AutoAttack)
        #expect(attack.stageNames == ["apgd-ce", "apgd-t", "fab-t", "square"])
        let texts = attack.stages.map(\.attack.canonicalText)
        #expect(
            texts[0]
                == "apgd:epsilon=8/255,norm=linf,loss=ce,steps=100,restarts=1,targeted=none,keep=first,seed=0"
        )
        #expect(
            texts[1]
                == "apgd-t:epsilon=8/255,norm=linf,loss=dlr,targets=9,steps=100,restarts=1,keep=first,seed=0"
        )
        #expect(texts[2].hasPrefix("fab-t:epsilon=8/255,norm=linf,targets=9,steps=100,restarts=1"))
        #expect(texts[3].contains("loss=margin,queries=5000,share=0.8,schedule=fixed,restarts=1"))
        let plus = try #require(parse("autoattack:epsilon=1,norm=l2,version=plus") as? AutoAttack)
        #expect(plus.stageNames == ["apgd-ce", "apgd-dlr", "fab", "square", "apgd-t", "fab-t"])
        #expect(plus.stages[1].attack.canonicalText.contains("loss=dlr,steps=100,restarts=5"))
    }

    @Test func stagesSeeOnlySurvivorsAndTheirBreakersAreNamed() throws {
        let images = try digitsImages(80)
        let attack = try parse("autoattack:epsilon=0.03,steps=30,queries=300")
        let result = try attack.craft(against: digitsNetwork(), images: images)
        let stages = try #require(result.details?["stages"]?.arrayValue)
        #expect(stages.count == 4 && result.stages.count == 80)
        var remaining = 80 - result.count(of: .alreadyMisclassified)
        for (index, stage) in stages.enumerated() {
            #expect(stage["attacked"]?.integerValue == remaining)
            let broken = result.stages.count { $0 == index }
            #expect(stage["broken"]?.integerValue == broken)
            remaining -= broken
        }
        #expect(result.count(of: .failed) == remaining && remaining > 10)
        let found = try predictions(digitsNetwork(), result.adversarial.floats())
        for row in 0..<80 {
            let isRight = found[row] == images.labels[row]
            #expect(isRight == (result.statuses[row] == .failed))
            #expect((result.stages[row] != nil) == (result.statuses[row] == .success))
            #expect(result.distances[row] <= 0.03)
        }
        // Costs add up.
        let queries = stages.compactMap { $0["queries"]?.integerValue }.reduce(0, +)
        #expect(result.queries.reduce(0, +) == queries)
        #expect(
            result.metadata(
                sourceModel: Digest(hashing: [1]), sourceName: "m", data: Digest(hashing: [2]),
                dataName: "d")["details"]?["flags"]?["zero_gradient"]?["raised"] == false)
    }

    @Test func aRowsFateIsThatOfTheStagesAlone() throws {
        let images = try digitsImages(40)
        let keys = "epsilon=0.03,norm=linf"
        let result = try parse("autoattack:\(keys),steps=20,queries=100").craft(
            against: digitsNetwork(), images: images)
        let first = try parse("apgd:loss=ce,steps=20,\(keys)").craft(
            against: digitsNetwork(), images: images)
        let second = try parse("apgd-t:steps=20,\(keys)").craft(
            against: digitsNetwork(), images: images)
        for row in 0..<40 {
            if first.statuses[row] == .success {
                #expect(result.stages[row] == 0)
                #expect(
                    try result.adversarial.rows(row..<(row + 1))
                        == first.adversarial.rows(row..<(row + 1)))
            } else if second.statuses[row] == .success {
                #expect(result.stages[row] == 1)
            }
        }
    }

    @Test func maskedGradientsStopOnlyTheFirstStageAndAreFlaggedWhereTheRatioHasNone() throws {
        let images = try digitsImages(30)
        let attack = try parse("autoattack:epsilon=0.1,steps=20,queries=100")
        let masked = try attack.craft(against: digitsNetwork(scale: 1e4), images: images)
        let right = 30 - masked.count(of: .alreadyMisclassified)
        #expect(masked.stages.count { $0 == 0 } < right / 3)
        #expect(masked.count(of: .success) == right)
        let stages = try #require(masked.details?["stages"]?.arrayValue)
        #expect((stages[0]["zero_gradient_rows"]?.integerValue ?? 0) > right / 2)
        #expect(masked.details?["flags"]?["zero_gradient"]?["raised"] == false)
        #expect(masked.zeroGradientRows > right / 2)
    }

    @Test func aModelThatDrawsNoiseIsFlagged() throws {
        let images = try digitsImages(10)
        let attack = try parse("autoattack:epsilon=0.01,steps=2,queries=2,targets=1")
        let noisy = NoisyModel(try digitsNetwork())
        let flags = try attack.craft(against: noisy, images: images).details?["flags"]
        #expect(flags?["randomised"]?["raised"] == true)
        #expect(flags?["probabilities"]?["raised"] == false)
        let steady = try attack.craft(against: digitsNetwork(), images: images).details?["flags"]
        #expect(steady?["randomised"]?["raised"] == false)
        #expect(steady?["few_classes"]?["raised"] == false)
    }

    @Test func aModelThatGivesProbabilitiesIsFlagged() throws {
        let images = try digitsImages(10)
        var flags = AutoAttackFlags()
        try flags.look(at: SoftmaxModel(try digitsNetwork()), images: images)
        #expect(flags.givesProbabilities)
        #expect(!flags.isRandomised)
    }

    @Test func onlyManyRowsThatSquareAloneBreaksAreASign() {
        func flags(broken: Int) -> AutoAttackFlags {
            var flags = AutoAttackFlags()
            let stage = AutoAttackMerge.StageRecord(
                name: "square", text: "square", attacked: 100, broken: broken, queries: 0,
                gradients: 0, zeroGradientRows: 0, seconds: 0)
            flags.read([stage], rows: 1000, classCount: 5, targets: 9)
            return flags
        }
        #expect(!flags(broken: 2).isSquareBetter)
        #expect(flags(broken: 3).isSquareBetter)
        #expect(flags(broken: 3).hasFewClasses)
    }

    @Test func detailsOfPartsMadeApartAddUp() throws {
        let images = try digitsImages(60)
        let attack = try parse("autoattack:standard,epsilon=0.03,steps=20,queries=50")
        let whole = try attack.craft(against: digitsNetwork(), images: images)
        let parts = try [0..<25, 25..<60].map { range in
            try attack.craft(
                against: digitsNetwork(), images: images.rows(range), rowIDs: Array(range)
            ) { _ in true }
        }
        let joined = try AdversarialResult.joined(parts)
        let (expected, found) = (whole.details?["stages"], joined.details?["stages"])
        for (one, other) in zip(expected?.arrayValue ?? [], found?.arrayValue ?? []) {
            for key in ["name", "attacked", "broken", "queries", "gradients", "zero_gradient_rows"]
            {
                #expect(one[key] == other[key])
            }
        }
        #expect(found?.arrayValue?.count == 4)
        #expect(joined.details?["flags"] == whole.details?["flags"])
        #expect(joined.stages == whole.stages && joined.adversarial == whole.adversarial)
    }

    @Test func aStopEndsTheEnsemble() throws {
        let images = try digitsImages(10)
        let attack = try parse("autoattack:epsilon=0.01,steps=5,queries=5")
        var calls = 0
        let error = #expect(throws: RobustnessError.self) {
            try attack.craft(
                against: digitsNetwork(), images: images, rowIDs: Array(0..<10)
            ) { state in
                calls += 1
                #expect(state.rows == 10 && state.finishedRows <= 10)
                return calls < 40
            }
        }
        #expect(error?.kind == .stopped)
    }
}
