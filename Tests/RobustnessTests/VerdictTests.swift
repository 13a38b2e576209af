// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct VerdictTests {
    private let digest = Digest(hashing: Array("model".utf8))

    private func verdict(_ attacks: [String], scale: Double = 10) throws -> ModelVerdict {
        let plain = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: 10)
        let images = try seenImages(plain, count: 80, lower: 0.3, upper: 0.7)
        let model = linearModel(pixels: 100, classCount: 5, batchSize: 64, scale: scale)
        let evaluated = EvaluatedModel(name: "m", digest: digest, classifier: model)
        let signs = try ModelSigns(
            evaluated, images: images, epsilon: ExactFraction(parsing: "0.1"))
        let evaluations = try attacks.map { text in
            let result = try AttackSpecification.parse(text).craft(against: model, images: images)
            let set = AdversarialSet(name: text, result: result, sourceModel: digest)
            return try Evaluator.evaluate(evaluated, on: SetAudit(set), masking: signs.masking)
        }
        let worst = evaluations.count > 1 ? [try WorstCase(over: evaluations)] : []
        return ModelVerdict(
            of: "m", evaluations: evaluations, worstCases: worst, signs: signs)
    }

    private func answer(_ verdict: ModelVerdict, _ id: String) -> ChecklistItem.Answer? {
        verdict.checklist.first { $0.id == id }?.answer
    }

    @Test func whatWasNotTriedIsSaid() throws {
        let verdict = try verdict(["fgsm:epsilon=0.1,loss=ce"])
        #expect(answer(verdict, "white-box") == .pass)
        for id in [
            "many-steps", "restarts", "losses", "without-gradients", "transfer", "smallest-change",
            "worst-case", "clean-rows", "targeted",
        ] { #expect(answer(verdict, id) == .notTried, "\(id)") }
        #expect(verdict.notTried.allSatisfy { !$0.reason.isEmpty && $0.question.hasSuffix("?") })
        #expect(Set(verdict.checklist.map(\.id)).count == verdict.checklist.count)
        #expect(!verdict.json.text().contains("robust"))
    }

    @Test func whatWasTriedPasses() throws {
        let verdict = try verdict([
            "pgd:epsilon=0.1,restarts=2", "fgsm:epsilon=0.1", "pgd:epsilon=0.1,loss=ce",
        ])
        for id in [
            "many-steps", "restarts", "losses", "worst-case", "gradients", "order",
            "large-budget", "sound-sets", "stability",
        ] {
            #expect(
                answer(verdict, id) == .pass,
                "\(id): \(verdict.checklist.first { $0.id == id }?.reason ?? "")")
        }
        #expect(verdict.warnings.isEmpty)
        #expect(verdict.sentences.count == 1)
        #expect(verdict.sentences[0].hasPrefix("no attack in this store broke"))
    }

    @Test func aHiddenGradientFails() throws {
        let verdict = try verdict(
            ["pgd:epsilon=0.1,loss=ce,start=none", "pgd:epsilon=0.1,start=none"], scale: 4000)
        #expect(answer(verdict, "gradients") == .fail)
        #expect(answer(verdict, "order") == .fail)
        #expect(verdict.warnings.contains { $0.contains("cross-entropy gradient is exactly zero") })
        #expect(verdict.warnings.contains { $0.contains("log-odds breaks more") })
    }
}
