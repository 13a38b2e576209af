// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing
import Training

@testable import Robustness

/// Results of runs over parts of the rows.
@Suite struct JoiningTests {
    private func result(rows: Range<Int>) throws -> AdversarialResult {
        var pixels: [Float] = []
        var labels: [Int] = []
        for row in rows {
            for index in 0..<16 { pixels.append(Float((row * 7 + index * 5) % 11) / 10) }
            labels.append(row % 2)
        }
        let images = try LabelledImages(
            images: Tensor(pixels, shape: [rows.count, 1, 4, 4]), labels: labels, classCount: 2)
        let model = AnalyticModel(
            imageShape: [1, 4, 4], classCount: 2,
            first: (
                (0..<16).map { Float($0) / 16 - 0.4 } + (0..<16).map { 0.3 - Float($0) / 40 },
                [0, 0]
            ))
        let attack = try AttackSpecification.parse("pgd:epsilon=0.05,steps=3,seed=4")
        return try attack.craft(
            against: model, images: images, rowIDs: Array(rows), progress: { _ in true })
    }

    @Test func partsJoinToTheWhole() throws {
        let whole = try result(rows: 0..<7)
        let joined = try AdversarialResult.joined([
            result(rows: 0..<3), result(rows: 3..<4), result(rows: 4..<7),
        ])
        #expect(joined.adversarial == whole.adversarial)
        #expect(joined.clean == whole.clean)
        #expect(joined.statuses == whole.statuses)
        #expect(joined.rowIDs == Array(0..<7))
        #expect(joined.margins == whole.margins)
        #expect(joined.distances == whole.distances)
        #expect(joined.queries == whole.queries)
        #expect(joined.gradients == whole.gradients)
    }

    @Test func aStoredPartGivesBackItsResult() throws {
        let made = try result(rows: 2..<6)
        let digest = Digest(hashing: [1])
        let record = made.metadata(
            sourceModel: digest, sourceName: "m", data: digest, dataName: "d")
        func restore(costs: JSON) throws -> AdversarialResult {
            try AdversarialResult(
                adversarial: made.adversarial, clean: made.clean, labels: made.labels,
                targets: made.targets, statuses: made.statuses.map(\.rawValue),
                margins: made.margins, distances: made.distances, rowIDs: made.rowIDs,
                record: JSON(parsing: record.text()), rowCosts: costs)
        }
        let restored = try restore(costs: made.rowCosts)
        #expect(restored.gradients == made.gradients)
        #expect(restored.queries == made.queries)
        #expect(restored.threatModel == made.threatModel)
        #expect(
            restored.metadata(sourceModel: digest, sourceName: "m", data: digest, dataName: "d")
                == record)
        #expect(throws: RobustnessError.self) { try restore(costs: ["queries": [1]]) }
    }

    @Test func partsOfDifferentAttacksAreRefused() throws {
        let first = try result(rows: 0..<2)
        let model = AnalyticModel(
            imageShape: [1, 4, 4], classCount: 2,
            first: ([Float](repeating: 0.1, count: 32), [0, 0]))
        let images = try LabelledImages(
            images: Tensor([Float](repeating: 0.5, count: 16), shape: [1, 1, 4, 4]), labels: [0],
            classCount: 2)
        let other = try AttackSpecification.parse("fgsm:epsilon=0.05").craft(
            against: model, images: images)
        #expect(throws: RobustnessError.self) { try AdversarialResult.joined([first, other]) }
        #expect(throws: RobustnessError.self) { try AdversarialResult.joined([]) }
    }
}
