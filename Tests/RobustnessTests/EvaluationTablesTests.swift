// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct EvaluationTablesTests {
    private func outcome(
        _ label: Int, target: Int = -1, clean: Int? = nil, stored: Int?, isAdmissible: Bool = true,
        distance: Double = 1, features: Int = 3
    ) -> RowOutcome {
        RowOutcome(
            label: label, target: target, cleanPrediction: clean ?? label,
            storedPrediction: stored, isAdmissible: isAdmissible, gap: 1, margin: 1,
            distance: distance, features: features, isCleanKnown: true)
    }

    @Test func sourcesAndTargetsAreCounted() {
        let matrix = TargetMatrix(
            [
                outcome(0, target: 1, stored: 1, distance: 2, features: 4),
                outcome(0, target: 1, stored: 1, distance: 4, features: 8),
                outcome(0, target: 1, stored: 2),
                outcome(0, target: 1, stored: 1, isAdmissible: false),
                outcome(1, target: 0, stored: 1),
                outcome(1, target: 1, stored: 1),
                outcome(2, stored: 0),
            ], classCount: 3)
        let cell = matrix.cells[0][1]
        #expect(cell.success == Rate(2, of: 4))
        #expect(cell.meanFeatures == 6 && cell.meanDistance == 3)
        #expect(matrix.cells[1][0].success == Rate(0, of: 1))
        #expect(matrix.cells[1][0].meanFeatures == nil)
        #expect(matrix.cells[1][1].rows == 0 && matrix.cells[2][0].rows == 0)
        #expect(matrix.json["succeeded"] == [[0, 2, 0], [0, 0, 0], [0, 0, 0]])
    }

    @Test func anEnsembleFallsStageByStage() throws {
        let claims = SetClaims(record: [
            "stage_names": ["apgd-ce", "apgd-t", "square"], "stages": [0, 0, 1, .null, .null],
        ])
        let summary = try #require(
            StageSummary(
                [
                    outcome(0, stored: 1), outcome(0, stored: 1), outcome(0, stored: 2),
                    outcome(0, stored: 0), outcome(0, clean: 3, stored: 3),
                ], claims: claims))
        #expect(!summary.areConditions && summary.grid == nil)
        #expect(summary.stages.map(\.broken) == [2, 1, 0])
        #expect(summary.stages.map(\.standing) == [2, 1, 1])
    }

    @Test func corruptionsMakeAGrid() throws {
        let names = ["fog-1", "fog-3", "blur_x-1", "blur_x-3"]
        let claims = SetClaims(record: [
            "stage_names": .array(names.map { .string($0) }),
            "stages": [0, 1, 2, 3, 0, 1, 2, 3],
        ])
        let stored = [0, 1, 0, 0, 0, 1, 1, 1]
        let summary = try #require(
            StageSummary(stored.map { outcome(0, stored: $0) }, claims: claims))
        let grid = try #require(summary.grid)
        #expect(summary.areConditions)
        #expect(grid.kinds == ["fog", "blur_x"] && grid.severities == [1, 3])
        #expect(grid.accuracy[0] == [Rate(2, of: 2), Rate(0, of: 2)])
        #expect(grid.accuracy[1] == [Rate(1, of: 2), Rate(1, of: 2)])
        #expect(grid.meanAccuracy == 0.5)
        #expect(grid.meanCorruptionError(against: grid) == 100)
        #expect(CorruptionGrid([("apgd", Rate(1, of: 2))]) == nil)
        #expect(StageSummary([outcome(0, stored: 0)], claims: SetClaims()) == nil)
    }

    @Test func hardnessTakesTheNearestTargetOfAnImage() throws {
        // Image 0: broken at 5 and 3; image 1: broken at 7 and not at all; image 2: never.
        let outcomes = [
            outcome(0, target: 1, stored: 1, distance: 5),
            outcome(0, target: 2, stored: 2, distance: 3),
            outcome(1, target: 0, stored: 0, distance: 7),
            outcome(1, target: 2, stored: 1, distance: 9),
            outcome(2, target: 0, stored: 2, distance: 9),
            outcome(2, target: 1, stored: 2, distance: 9),
        ]
        let shape: Shape = [6, 1, 4, 5]
        let blank = Tensor([Float](repeating: 0, count: 120), shape: shape)
        let set = try AdversarialSet(
            name: "jsma", adversarial: blank, clean: blank, labels: outcomes.map(\.label),
            targets: outcomes.map(\.target),
            metadata: [
                "threat_model": ["norm": "l0", "epsilon_exact": "10"],
                "attack": ["name": "jsma"],
                "rows": ["indices": [0, 0, 1, 1, 2, 2]],
            ])
        #expect(set.looksForSmallest)
        let hardness = Hardness(outcomes, set: set)
        #expect(hardness.perRow.rows == 6 && hardness.perRow.broken == 3)
        #expect(hardness.perRow.limit == 10)
        #expect(hardness.perRow.restrictedMean == 7.5)
        #expect(hardness.perRow.featureShare == 0.375)
        let images = try #require(hardness.perImage)
        #expect(images.rows == 3 && images.broken == 2)
        #expect(images.median == 7)
        let curve = DistanceCurve(outcomes, rowIDs: set.rowIDs, threatModel: set.threatModel)
        #expect(curve.points.map(\.epsilon) == [0, 3, 7])
        #expect(curve.points.map(\.accuracy.count) == [3, 2, 1])
        #expect(curve.accuracy(at: 6.9) == Rate(2, of: 3))
    }

    @Test func smallerBallsAndSmallestChangesCountInTheLargerBall() throws {
        let model = parityNetwork(batchSize: 32)
        let images = try seenImages(model, count: 60)
        let digest = Digest(hashing: [3])
        func evaluation(_ text: String) throws -> Evaluation {
            let result = try AttackSpecification.parse(text).craft(against: model, images: images)
            return try Evaluator.evaluate(
                model, checkpoint: "m", digest: digest,
                on: AdversarialSet(name: text, result: result, sourceModel: digest))
        }
        let sets = try [
            evaluation("pgd:epsilon=0.02"), evaluation("fgsm:epsilon=0.05"),
            evaluation("pgd:epsilon=0.05,targeted=all"),
        ]
        let worst = try WorstCase(over: sets, within: sets[1].threatModel)
        let broken = (0..<60).count { row in
            sets.contains { set in
                set.rowIDs.indices.contains {
                    set.rowIDs[$0] == row && set.outcomes[$0].isBroken
                }
            }
        }
        #expect(worst.rows == 60 && worst.accuracy.count == 60 - broken)
        #expect(worst.breakers.count { $0 != nil } == broken)
        // In the smaller ball the larger set's examples do not count.
        let small = try WorstCase(over: sets, within: sets[0].threatModel)
        #expect(small.contributions[0].broken == sets[0].rates.successCleanCorrect.count)
        #expect(small.contributions[1].broken == 0)
        #expect(sets[0].threatModel.fits(within: sets[1].threatModel))
        #expect(!sets[1].threatModel.fits(within: sets[0].threatModel))
    }

    @Test func logitsFromElsewhereAreJudged() throws {
        let draft = try SetDraft()
        let own = try draft.evaluation()
        func logits(_ pixels: [Float]) throws -> LogitTable {
            let table = FloatBuffer(count: 5)
            var values: [Float] = []
            for first in stride(from: 0, to: pixels.count, by: 36) {
                let image = FloatBuffer(count: 36)
                for index in 0..<36 { image.values[index] = pixels[first + index] }
                try draft.model.logits(of: image.prefix(36), count: 1, into: table.values)
                values += table.values
            }
            return try LogitTable(Tensor(values, shape: [60, 5]))
        }
        let examples = try logits(draft.adversarial)
        let known = try Evaluator.evaluate(
            logits: examples, clean: logits(draft.clean), of: "preds.npy",
            digest: SetDraft.digest, on: draft.audit())
        #expect(known.rates == own.rates && known.cleanAccuracy == own.cleanAccuracy)
        #expect(known.access == .whiteBox && known.masking.rows == 0)
        let blind = try Evaluator.evaluate(
            logits: examples, clean: nil, of: "preds.npy", on: draft.audit())
        #expect(blind.rates.adversarialAccuracy == own.rates.adversarialAccuracy)
        #expect(blind.cleanAccuracy.value == nil && blind.rates.successCleanCorrect.value == nil)
        #expect(blind.access == .transfer)
        #expect(blind.defects.contains { $0.kind == .cleanLogitsMissing })
        #expect(blind.json["clean_accuracy"] == .null)
        let shares = try LogitTable(
            Tensor([Float](repeating: 0.2, count: 300), shape: [60, 5]))
        let odd = try Evaluator.evaluate(
            logits: shares, clean: nil, of: "p", on: draft.audit())
        #expect(odd.defects.contains { $0.kind == .probabilities })
        #expect(throws: RobustnessError.self) {
            try Evaluator.evaluate(
                logits: LogitTable(Tensor([0, 1], shape: [1, 2])), clean: nil, of: "p",
                on: draft.audit())
        }
    }

    @Test func fragileRowsRunAgainInDoublePrecision() throws {
        let draft = try SetDraft()
        let flat = linearModel(pixels: 36, classCount: 5, scale: 1e-6)
        let model = AnalyticModel(
            imageShape: [1, 6, 6], classCount: 5, batchSize: 32, scale: 1e-6, first: flat.first)
        let evaluation = try Evaluator.evaluate(
            EvaluatedModel(
                name: "flat", digest: Digest(hashing: [2]), classifier: model,
                reference: DoublePrecision(
                    logits: { _ in [0, 0, 0, 0, 1] }, inputGradients: { _, _ in [] })),
            on: draft.audit(), masking: .notMeasured)
        #expect(evaluation.margins.fragileRows == 60)
        #expect(evaluation.margins.unstableRows == 0)
        let other = evaluation.outcomes.count { $0.storedPrediction != 4 }
        #expect(evaluation.margins.unstableInDouble == other)
        let right = draft.labels.count { $0 == 4 }
        #expect(evaluation.margins.accuracyInDouble == Rate(right, of: 60))
    }
}
