// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

struct TeacherLogitsTests {
    static let images = plainImages(count: 20)

    @Test func itsOwnRowsAreAccepted() throws {
        try cache(normals(200), for: Self.images).check(against: Self.images)
    }

    @Test func shuffledRowsAreRefusedWithTheirNumber() throws {
        let cached = try cache(normals(200), for: Self.images)
        var order = Array(0..<20)
        order.swapAt(3, 11)
        let pixels = order.flatMap { row in Array(Self.images.pixels(row..<(row + 1))) }
        let shuffled = try LabelledImages(
            images: Tensor(
                trusted: .u8, shape: Self.images.images.shape,
                values: pixels.map { UInt8(($0 * 255).rounded()) }),
            labels: order.map { $0 % 10 }, classCount: 10)
        let expected = TrainingError(
            "2 of 20 rows are not the ones the soft labels were made for (the first is row 3): the data set differs or is in another order"
        )
        #expect(throws: expected) { try cached.check(against: shuffled) }
        #expect(throws: expected) {
            try TeacherTargets(.logits, caches: [cached], images: shuffled)
        }
    }

    @Test func anotherNumberOfRowsOrClassesIsRefused() throws {
        let cached = try cache(normals(200), for: Self.images)
        #expect(throws: TrainingError("the soft labels are for 20 rows, the data set has 19")) {
            try cached.check(against: try Self.images.rows(0..<19))
        }
        let few = plainImages(count: 20, classes: 4)
        #expect(throws: TrainingError("the soft labels have 10 classes, the data set has 4")) {
            try cached.check(against: few)
        }
    }

    @Test func partsThatDoNotFitAreRefused() throws {
        #expect(
            throws: TrainingError("soft labels are U8 (20, 16), expected F32 or F16 (N, classes)")
        ) {
            try TeacherLogits(
                logits: Self.images.rowDigests(), rowDigests: Self.images.rowDigests())
        }
        #expect(
            throws: TrainingError(
                "the row digests of the soft labels are U8 (20, 16), expected U8 (2, 16)")
        ) {
            try TeacherLogits(
                logits: Tensor(normals(20), shape: [2, 10]), rowDigests: Self.images.rowDigests())
        }
        var broken = normals(200)
        broken[57] = .nan
        let cached = try cache(broken, for: Self.images)
        #expect(throws: TrainingError("the soft labels of row 5 are not finite numbers")) {
            try TeacherTargets(.labels, caches: [cached], images: Self.images)
        }
    }

    @Test func aConstantAddedToARowChangesNoTarget() throws {
        let logits = normals(200, scale: 4)
        let moved = logits.enumerated().map { $1 + Float($0 / 10) * 0.5 }
        let kinds: [TeacherTargets.Kind] = [.probabilities(temperature: 20), .logits, .labels]
        for kind in kinds {
            let plain = try TeacherTargets(
                kind, caches: [cache(logits, for: Self.images)], images: Self.images)
            let other = try TeacherTargets(
                kind, caches: [cache(moved, for: Self.images)], images: Self.images)
            expectClose(other.table ?? [], plain.table ?? [], absolute: 2e-6)
            #expect(other.labels == plain.labels)
        }
    }

    @Test func halfPrecisionCachesGiveTheSameTargetsToAThousandth() throws {
        // A teacher at T = 100 has gaps of hundreds; shifted to a largest logit of 0 they fit F16.
        let logits = normals(200, scale: 300)
        let shifted = stride(from: 0, to: 200, by: 10).flatMap { start -> [Float] in
            let row = logits[start..<(start + 10)]
            return row.map { $0 - row.max()! }
        }
        let full = try cache(shifted, for: Self.images)
        let half = try TeacherLogits(
            logits: full.logits.converted(to: .f16), rowDigests: full.rowDigests)
        let kind = TeacherTargets.Kind.probabilities(temperature: 100)
        expectClose(
            try TeacherTargets(kind, caches: [half], images: Self.images).table ?? [],
            try TeacherTargets(kind, caches: [full], images: Self.images).table ?? [],
            absolute: 1e-3)
    }

    @Test func ensemblesAverageProbabilitiesOrCentredLogits() throws {
        let first = normals(200, scale: 3)
        let second = normals(200, scale: 3, seed: 2)
        let caches = try [first, second].map { try cache($0, for: Self.images) }
        let probabilities = try TeacherTargets(
            .probabilities(temperature: 3), caches: caches, images: Self.images)
        let expected = stride(from: 0, to: 200, by: 10).flatMap { start -> [Float] in
            let rows = [first, second].map { logits -> [Double] in
                let terms = logits[start..<(start + 10)].map { exp(Double($0) / 3) }
                return terms.map { $0 / terms.reduce(0, +) }
            }
            return (0..<10).map { Float((rows[0][$0] + rows[1][$0]) / 2) }
        }
        expectClose(probabilities.table ?? [], expected, absolute: 1e-6)
        #expect(probabilities.teacherCount == 2)
        let logits = try TeacherTargets(.logits, caches: caches, images: Self.images)
        let centred = stride(from: 0, to: 200, by: 10).flatMap { start -> [Float] in
            let row = (0..<10).map { (first[start + $0] + second[start + $0]) / 2 }
            return row.map { $0 - row.reduce(0, +) / 10 }
        }
        expectClose(logits.table ?? [], centred, absolute: 2e-6)
    }

    @Test func labelsAreTheLargestLogits() throws {
        // The gaps are past what a softmax in double precision can tell from 0.
        var logits = [Float](repeating: -5000, count: 200)
        for row in 0..<20 {
            logits[row * 10 + row % 10] = 0
            logits[row * 10 + (row + 1) % 10] = -2000
        }
        let targets = try TeacherTargets(
            .labels, caches: [cache(logits, for: Self.images)], images: Self.images)
        #expect(targets.labels == (0..<20).map { Int32($0 % 10) })
        #expect(targets.table == nil)
    }

    @Test func differentlyAugmentedCachesDoNotMakeAnEnsemble() throws {
        let augmented = AppliedAugmentation(Augmentation(noise: 0.1), seed: 1, epoch: 0)
        let caches = [
            try cache(normals(200), for: Self.images),
            try cache(normals(200), for: Self.images, augmentation: augmented),
        ]
        #expect(
            throws: TrainingError(
                "the caches of an ensemble were made for differently augmented rows")
        ) { try TeacherTargets(.logits, caches: caches, images: Self.images) }
        #expect(throws: TrainingError("a distillation needs at least one cache of soft labels")) {
            try TeacherTargets(.logits, caches: [], images: Self.images)
        }
        #expect(try AppliedAugmentation(json: augmented.json) == augmented)
    }

    @Test func methodsFollowFromTheCommandLinesSettings() throws {
        #expect(
            try DistillationMethod(targets: "probabilities", temperature: 40, alpha: nil)
                == .defensive(temperature: 40))
        #expect(
            try DistillationMethod(targets: "probabilities", temperature: 4, alpha: 0.9)
                == .hinton(alpha: 0.9, temperature: 4))
        #expect(try DistillationMethod(targets: "logits", temperature: 1, alpha: nil) == .logits)
        #expect(
            throws: TrainingError("alpha weighs probabilities against labels; labels have none")
        ) { try DistillationMethod(targets: "labels", temperature: 1, alpha: 0.5) }
        #expect(
            throws: TrainingError(
                "targets 'logit' are unknown, expected probabilities, logits or labels")
        ) { try DistillationMethod(targets: "logit", temperature: 1, alpha: nil) }
    }

    @Test func generationsDifferInSeedButKeepTheirValidationRows() throws {
        let base = Recipe(seed: 7)
        let recipes = try BornAgain.recipes(
            generations: 3, method: .hinton(alpha: 0.5, temperature: 2), from: base)
        #expect(recipes.map(\.seed) == [8, 9, 10])
        #expect(recipes.allSatisfy { $0.splitSeed == 7 })
        #expect(recipes.allSatisfy { $0.loss == .hinton(alpha: 0.5, temperature: 2) })
    }
}
