// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

/// One way to spoil a set, and what must be said of it.
struct SpoiltSet: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let kind: SetDefect.Kind
    /// Must stand in the finding.
    let words: [String]
    var attack = "pgd:epsilon=26/255,start=none"
    let spoil: @Sendable (inout SetDraft) throws -> Void

    init(
        _ description: String, _ kind: SetDefect.Kind, _ words: String...,
        attack: String = "pgd:epsilon=26/255,start=none",
        spoil: @escaping @Sendable (inout SetDraft) throws -> Void
    ) {
        testDescription = description
        self.kind = kind
        self.words = words
        self.attack = attack
        self.spoil = spoil
    }
}

@Suite struct DefectiveSetTests {
    @Test(arguments: SpoiltSet.pixels + SpoiltSet.threats + SpoiltSet.claims + SpoiltSet.origins)
    func aSpoiltSetIsCalledByItsDefect(_ spoilt: SpoiltSet) throws {
        var draft = try SetDraft(attack: spoilt.attack)
        try spoilt.spoil(&draft)
        let evaluation = try draft.evaluation()
        let found = evaluation.defects.map { "\($0.kind.rawValue): \($0.finding)" }
        let defect = try #require(
            evaluation.defects.first { defect in
                defect.kind == spoilt.kind && spoilt.words.allSatisfy(defect.finding.contains)
            }, "\(spoilt.kind) with \(spoilt.words), found \(found)")
        switch defect.severity {
        case .rejection:
            #expect(evaluation.isRejected)
            #expect(evaluation.verdict.contains("rejected"))
        case .violation: #expect(evaluation.hasViolations)
        case .remark: #expect(!evaluation.hasViolations, "\(found)")
        }
        let json = try JSON(parsing: evaluation.json.text())
        #expect(
            json["defects"]?.arrayValue?.contains {
                $0["defect"] == .string(spoilt.kind.rawValue)
            } == true)
        #expect(!evaluation.json.text().contains("robust"))
    }

    @Test(arguments: [
        "pgd:epsilon=26/255,start=none", "fgsm:epsilon=8/255", "pgd:norm=l2,epsilon=0.5",
        "pgd:epsilon=0.1,targeted=next", "fgsm:epsilon=0.1,loss=ce",
    ])
    func aSoundSetHasNoDefects(attack: String) throws {
        let evaluation = try SetDraft(attack: attack).evaluation()
        #expect(evaluation.defects.isEmpty, "\(evaluation.defects.map(\.finding))")
        #expect(evaluation.agreement?.isComplete == true)
        #expect(evaluation.access == .whiteBox)
        #expect(evaluation.distinctImages == 60)
    }

    @Test func atLeastTwentyFiveDefectsHaveWords() {
        let all = SpoiltSet.pixels + SpoiltSet.threats + SpoiltSet.claims + SpoiltSet.origins
        #expect(Set(all.map(\.kind)).count >= 25)
    }

    @Test func brokenRowsOfADefectCountAsNotAttacked() throws {
        var draft = try SetDraft()
        let before = try draft.evaluation()
        let row = draft.row("success")
        for index in draft.pixels(row) { draft.adversarial[index] = 0 }
        let after = try draft.evaluation()
        #expect(after.threatCheck.violations.map(\.kind) == [.constantRows])
        #expect(after.rates.successCleanCorrect.count == before.rates.successCleanCorrect.count - 1)
        #expect(!after.outcomes[row].isAdmissible && after.outcomes[row].isAdversarialCorrect)
    }

    @Test func setsThatAModelCannotJudgeSayWhy() throws {
        var draft = try SetDraft()
        draft.labels[4] = 7
        let label = try #require(try draft.set().misfit(imageShape: [1, 6, 6], classCount: 5))
        #expect(label.kind == .labelOutOfRange && label.rowIDs == [4])
        #expect(label.finding.contains("label 7"))
        draft = try SetDraft()
        draft.targets[9] = 5
        let target = try #require(try draft.set().misfit(imageShape: [1, 6, 6], classCount: 5))
        #expect(target.kind == .targetOutOfRange && target.finding.contains("target 5"))
        draft = try SetDraft()
        draft.shape = [60, 6, 6, 1]
        let last = try #require(try draft.set().misfit(imageShape: [1, 6, 6], classCount: 5))
        #expect(last.kind == .axesLast && last.finding.contains("channels last"))
        let other = try #require(try SetDraft().set().misfit(imageShape: [3, 6, 6], classCount: 5))
        #expect(other.kind == .wrongShape)
        #expect(throws: RobustnessError.self) {
            draft.shape = [30, 2, 6, 6]
            return try draft.set()
        }
        #expect(throws: RobustnessError.self) {
            draft = try SetDraft()
            draft.record["threat_model"] = nil
            return try draft.set()
        }
    }

    @Test func aSetOfAnotherModelIsATransferInTheHeadline() throws {
        let draft = try SetDraft()
        let other = EvaluatedModel(
            name: "student", digest: Digest(hashing: [9]), classifier: draft.model)
        let evaluation = try Evaluator.evaluate(
            other, on: draft.audit(), masking: .notMeasured)
        #expect(evaluation.access == .transfer)
        #expect(evaluation.verdict.contains("transferred from another model"))
        #expect(evaluation.json["access"] == "transfer")
    }

    @Test func logitsThatAreNotFiniteAreADefect() throws {
        let draft = try SetDraft()
        draft.model.poison = draft.adversarial[draft.pixels(4).lowerBound]
        let defects = try draft.evaluation().defects.filter { $0.kind == .notFiniteLogits }
        #expect(defects.first?.rowIDs.contains(4) == true)
    }
}
