// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct MaskingTests {
    @Test func aLargeLogitScaleHidesTheCrossEntropyGradientButNotTheLogOdds() throws {
        let plain = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: 10)
        let seen = try seenImages(plain, count: 300, lower: 0.3, upper: 0.7)
        // Distillation at a high temperature multiplies the logits; the decisions stay.
        let masked = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: 2000)
        let crossEntropy = try AttackSpecification.parse("fgsm:epsilon=0.2,loss=ce").craft(
            against: masked, images: seen)
        let logOdds = try AttackSpecification.parse("fgsm:epsilon=0.2").craft(
            against: masked, images: seen)
        #expect(crossEntropy.zeroGradientRows > 100)
        #expect(logOdds.zeroGradientRows == 0)
        #expect(logOdds.count(of: .success) == 300)
        #expect(crossEntropy.count(of: .success) <= 300 - crossEntropy.zeroGradientRows)

        let set = AdversarialSet(name: "ce", result: crossEntropy, sourceModel: nil)
        let evaluation = try Evaluator.evaluate(
            masked, checkpoint: "masked", digest: Digest(hashing: [1]), on: set)
        #expect(evaluation.masking.zeroCrossEntropy.count == crossEntropy.zeroGradientRows)
        #expect(evaluation.masking.zeroLogOdds.count == 0)
        #expect(evaluation.masking.findings.count == 1)
        #expect(evaluation.threatCheck.unchangedRows == crossEntropy.zeroGradientRows)
        let unmasked = try Evaluator.evaluate(
            plain, checkpoint: "plain", digest: Digest(hashing: [1]), on: set)
        #expect(unmasked.masking.zeroCrossEntropy.count == 0)
        #expect(unmasked.masking.findings.isEmpty)
        let ratio =
            evaluation.masking.logitGaps.values[2] / unmasked.masking.logitGaps.values[2]
        #expect(abs(ratio - 200) < 1)
    }

    @Test func crossEntropyVanishesWhereFloatsUnderflow() {
        let goal = AttackGoal(reference: 0, isTargeted: false, label: 0)
        func slopes(_ loss: AttackLoss, gap: Float) -> [Float] {
            let logits: [Float] = [gap, 0, 0]
            var result: [Float] = [9, 9, 9]
            loss.gradient(of: logits, classCount: 3, goal: goal, into: &result)
            return result
        }
        // p_y - 1 would be 0 from a gap of 17 on.
        #expect(slopes(.crossEntropy, gap: 30)[0] < 0)
        #expect(slopes(.crossEntropy, gap: 80)[0] < 0)
        #expect(slopes(.crossEntropy, gap: 110) == [0, 0, 0])
        #expect(slopes(.logOdds, gap: 110) == [-1, 0.5, 0.5])
        #expect(slopes(.logOdds, gap: 100_000) == [-1, 0.5, 0.5])
    }

    @Test func lossGradientsAreTheSlopesOfTheirLosses() {
        let logits: [Double] = [1.2, -0.3, 0.8, 2.1]
        func value(_ loss: AttackLoss, _ logits: [Double], _ goal: AttackGoal) -> Double {
            let margin = AttackLoss.objective(logits.map(Float.init), classCount: 4, goal: goal)
            if loss == .dlr || loss == .margin {
                return loss.value(of: logits.map(Float.init), classCount: 4, goal: goal)
            }
            guard loss == .crossEntropy else { return margin }
            // softplus of the log-odds, with the sign of the goal.
            let odds = goal.isTargeted ? -margin : margin
            return (goal.isTargeted ? -1 : 1) * log1p(exp(odds))
        }
        for loss in AttackLoss.allCases {
            for goal in [(0, false, 0), (3, false, 3), (1, true, 0)].map(AttackGoal.init) {
                var slopes = [Float](repeating: 0, count: 4)
                loss.gradient(
                    of: logits.map(Float.init), classCount: 4, goal: goal, into: &slopes)
                for index in 0..<4 {
                    var (up, down) = (logits, logits)
                    up[index] += 0x1p-7
                    down[index] -= 0x1p-7
                    let slope = (value(loss, up, goal) - value(loss, down, goal)) / 0x1p-6
                    #expect(abs(slope - Double(slopes[index])) < 1e-4)
                }
            }
        }
    }
}
