// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct CommonCorruptionsTests {
    private func craft(
        _ text: String, batchSize: Int = 16, count: Int = 6
    ) throws -> AdversarialResult {
        let model = parityNetwork(batchSize: batchSize)
        let seen = try seenImages(model, count: count)
        // Every third row is wrong to begin with.
        let labels = seen.labels.enumerated().map { $0 % 3 == 2 ? ($1 + 1) % 5 : $1 }
        let images = try labelled(
            seen.images.floats(), shape: [1, 6, 6], labels: labels, classCount: 5)
        return try AttackSpecification.parse(text).craft(against: model, images: images)
    }

    @Test func everyImageHasARowForEachKindAndSeverity() throws {
        let result = try craft("corruption:mnist-c")
        #expect(result.count == 6 * 75)
        #expect(result.stageNames.count == 75)
        #expect(result.stageNames[0] == "shot_noise-1" && result.stageNames[74] == "canny_edges-5")
        #expect(result.stages == (0..<450).map { $0 % 75 })
        #expect(result.rowIDs == (0..<450).map { $0 / 75 })
        #expect(result.threatModel.epsilon == nil && result.threatModel.norm == .l2)
        // Rows that are wrong when clean are corrupted as well.
        #expect(result.count(of: .alreadyMisclassified) == 150)
        #expect(result.distances.count { $0 > 0 } > 440)
        for row in 0..<450 where result.statuses[row] != .alreadyMisclassified {
            #expect((result.statuses[row] == .success) == (result.margins[row] < 0))
        }
        let metadata = result.metadata(
            sourceModel: Digest(hashing: [1] as [UInt8]), sourceName: "m",
            data: Digest(hashing: [2] as [UInt8]),
            dataName: "d")
        #expect(metadata["stages"]?.arrayValue?.count == 450)
    }

    @Test func anImageDoesNotDependOnWhatIsAskedForBesideIt() throws {
        let all = try craft("corruption:kind=all")
        #expect(all.stageNames.count == 24 * 5)
        let alone = try craft("corruption:kind=fog,severity=4", batchSize: 1)
        #expect(alone.stageNames == ["fog-4"])
        let stage = try #require(all.stageNames.firstIndex(of: "fog-4"))
        for row in 0..<6 {
            #expect(
                try alone.adversarial.rows(row..<(row + 1))
                    == all.adversarial.rows((row * 120 + stage)..<(row * 120 + stage + 1)))
        }
        let other = try craft("corruption:kind=fog,severity=4,seed=1")
        #expect(other.adversarial != alone.adversarial)
        let kinds = Set(CorruptionKind.mnist).union(CorruptionKind.cifar10)
        #expect(kinds.count == 24 && kinds == Set(CorruptionKind.allCases))
    }

    @Test(arguments: [
        ("corruption:kind=rain", "gaussian_noise"), ("corruption:severity=6", "from 1 to 5"),
        ("corruption:imagenet-c", "mnist-c, cifar10-c"),
    ])
    func mistakesAreNamed(text: String, mention: String) {
        let error = #expect(throws: RobustnessError.self) { try AttackSpecification.parse(text) }
        #expect(error?.description.contains(mention) == true)
    }
}
