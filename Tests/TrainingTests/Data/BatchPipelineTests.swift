// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import Testing

@testable import Training

struct BatchPipelineTests {
    static let images = plainImages(count: 103)

    private static func plan(
        batchSize: Int = 16, epoch: Int = 0, shuffled: Bool = true,
        augmentation: Augmentation = .none, teacher: TeacherTargets? = nil
    ) -> BatchPlan {
        BatchPlan(
            images: images, teacher: teacher, rows: Array(0..<103), batchSize: batchSize, seed: 5,
            epoch: epoch, shuffled: shuffled, augmentation: augmentation)
    }

    private static func contents(
        _ plan: BatchPlan, depth: Int = 3, pause: (Int) -> Void = { _ in }
    ) -> [(images: [Float], labels: [Int32])] {
        let pipeline = BatchPipeline(plan, depth: depth)
        var batches: [(images: [Float], labels: [Int32])] = []
        while let batch = pipeline.next() {
            pause(batches.count)
            batches.append((Array(batch.images), batch.labels))
        }
        return batches
    }

    @Test func anEpochHoldsEveryRowOnceAndKeepsTheSmallerLastBatch() {
        let plan = Self.plan()
        let batches = Self.contents(plan)
        #expect(batches.map(\.labels.count) == [16, 16, 16, 16, 16, 16, 7])
        #expect(plan.order != Array(0..<103))
        #expect(plan.order.sorted() == Array(0..<103))
        #expect(
            batches.flatMap(\.images) == plan.order.flatMap { Self.images.pixels($0..<($0 + 1)) })
        #expect(batches.flatMap(\.labels) == plan.order.map { Int32($0 % 10) })
    }

    @Test func epochsDifferInOrderAndRepeatThemselves() {
        #expect(Self.plan(epoch: 1).order != Self.plan(epoch: 2).order)
        #expect(Self.plan(epoch: 1).order == Self.plan(epoch: 1).order)
        #expect(Self.plan(shuffled: false).order == Array(0..<103))
    }

    @Test(arguments: [1, 2, 8]) func threadTimingDoesNotShow(depth: Int) {
        let plan = Self.plan(augmentation: Augmentation(cropPadding: 1, noise: 0.1))
        let expected = Self.contents(plan, depth: 3)
        let found = Self.contents(plan, depth: depth) { batch in
            if batch % 2 == 0 { usleep(2000) }
        }
        #expect(found.map(\.images) == expected.map(\.images))
        #expect(found.map(\.labels) == expected.map(\.labels))
    }

    @Test func augmentationFollowsTheRowAndNotTheBatch() {
        let augmentation = Augmentation(cropPadding: 1, horizontalFlip: true, noise: 0.1)
        let small = Self.contents(Self.plan(batchSize: 4, augmentation: augmentation))
        let large = Self.contents(Self.plan(batchSize: 50, augmentation: augmentation))
        #expect(small.flatMap(\.images) == large.flatMap(\.images))
    }

    @Test func softTargetsFollowTheirRows() throws {
        let logits = normals(1030)
        let teacher = try TeacherTargets(
            .logits, caches: [cache(logits, for: Self.images)], images: Self.images)
        let plan = Self.plan(teacher: teacher)
        let pipeline = BatchPipeline(plan)
        var position = 0
        while let batch = pipeline.next() {
            batch.withTargets { targets in
                for slot in 0..<batch.count {
                    let row = plan.order[position + slot]
                    let found = targets.soft.map { Array($0[(slot * 10)..<(slot * 10 + 10)]) }
                    #expect(found == teacher.table.map { Array($0[(row * 10)..<(row * 10 + 10)]) })
                }
            }
            position += batch.count
        }
        #expect(position == 103)
    }

    @Test func aPipelineMayBeLeftHalfWay() {
        for _ in 0..<20 {
            let pipeline = BatchPipeline(Self.plan())
            #expect(pipeline.next()?.count == 16)
        }
    }

    @Test func theValidationSplitIsDisjointCompleteAndRepeatable() throws {
        let split = try DataSplit(count: 1000, validationFraction: 0.1, seed: 1)
        #expect(split.validation.count == 100)
        #expect((split.training + split.validation).sorted() == Array(0..<1000))
        #expect(try DataSplit(count: 1000, validationFraction: 0.1, seed: 1) == split)
        #expect(try DataSplit(count: 1000, validationFraction: 0.1, seed: 2) != split)
        #expect(try DataSplit(count: 10, validationFraction: 0, seed: 1).validation.isEmpty)
        #expect(throws: TrainingError("holding out 0.9 of 1 rows leaves none to train on")) {
            try DataSplit(count: 1, validationFraction: 0.9, seed: 1)
        }
    }
}
