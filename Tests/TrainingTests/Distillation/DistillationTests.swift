// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Training

@Suite(.timeLimit(.minutes(1)))
struct DistillationTests {
    /// A teacher that has learnt four classes, and its cache.
    private static func teacher() throws -> (classifier: Classifier, images: LabelledImages) {
        let images = try learnableImages(count: 64)
        let recipe = Recipe(
            epochs: 10, batchSize: 16, learningRate: 0.02, seed: 1, validationFraction: 0)
        let result = try Trainer(graph: smallGraph(), recipe: recipe, images: images).run()
        let snapshot = try #require(result.snapshot)
        return (
            try Classifier(graph: smallGraph(), parameters: snapshot.parameters, batchSize: 24),
            images
        )
    }

    static let methods: [DistillationMethod] = [
        .hinton(alpha: 0.8, temperature: 4), .defensive(temperature: 10), .logits,
        .labels(temperature: 1),
    ]

    @Test(arguments: methods) func aStudentLearnsFromTheCacheAlone(
        method: DistillationMethod
    ) throws {
        let (classifier, images) = try Self.teacher()
        let cache = try #require(try TeacherLogits(labelling: images, with: classifier))
        // True labels are all one class: whatever the student knows, the cache told it, except
        // for Hinton's share of the labels.
        let blank = try LabelledImages(
            images: images.images, labels: Array(repeating: 0, count: 64), classCount: 4)
        let student = method == Self.methods[0] ? images : blank
        var recipe = method.recipe
        recipe.epochs = 15
        recipe.batchSize = 16
        recipe.learningRate = 0.02
        recipe.validationFraction = 0
        recipe.seed = 2
        let targets = try TeacherTargets(method.targets, caches: [cache], images: student)
        let trainer = try Trainer(
            graph: smallGraph(dropout: 0), recipe: recipe, images: student, teacher: targets)
        let result = try trainer.run()
        let snapshot = try #require(result.snapshot)
        #expect(result.history.last!.trainingLoss < result.history.first!.trainingLoss)
        let served = try Classifier(graph: smallGraph(), parameters: snapshot.parameters)
        #expect(try served.evaluate(on: images).accuracy >= 0.95)
    }

    @Test func labellingKeepsTheTeachersLogitsUpToAShift() throws {
        let (classifier, images) = try Self.teacher()
        var done: [Int] = []
        let cache = try #require(
            try TeacherLogits(labelling: images, with: classifier) {
                done.append($0)
                return true
            })
        #expect(done == [24, 48, 64])
        let cached = try cache.logits.floats()
        let pixels = images.pixels(0..<1)
        var logits = [Float](repeating: 0, count: 4)
        try pixels.withUnsafeBufferPointer { pixels in
            try logits.withUnsafeMutableBufferPointer {
                try classifier.logits(of: pixels, count: 1, into: $0)
            }
        }
        expectClose(
            Array(cached[0..<4]), logits.map { $0 - logits.max()! }, absolute: 1e-5)
        #expect(stride(from: 0, to: 256, by: 4).allSatisfy { cached[$0..<($0 + 4)].max() == 0 })
        try cache.check(against: images)
        #expect(try TeacherLogits(labelling: images, with: classifier) { _ in false } == nil)
    }

    @Test func aCacheOfAugmentedRowsWantsTheSameAugmentationAndSeed() throws {
        let (classifier, images) = try Self.teacher()
        let augmentation = Augmentation(cropPadding: 1, noise: 0.1)
        let applied = AppliedAugmentation(augmentation, seed: 9, epoch: 0)
        let cache = try #require(
            try TeacherLogits(labelling: images, with: classifier, augmentation: applied))
        let method = DistillationMethod.defensive(temperature: 5)
        let targets = try TeacherTargets(method.targets, caches: [cache], images: images)
        var recipe = method.recipe
        recipe.epochs = 2
        recipe.seed = 9
        #expect {
            try Trainer(graph: smallGraph(), recipe: recipe, images: images, teacher: targets)
        } throws: {
            "\($0)".hasPrefix("the soft labels were made for rows augmented by {\"crop_padding\":1")
        }
        recipe.augmentation = augmentation
        let trainer = try Trainer(
            graph: smallGraph(), recipe: recipe, images: images, teacher: targets)
        // Every epoch shows the rows the teacher saw.
        #expect(trainer.plan(of: 1, in: trainer.phases[0]).epoch == 0)
        #expect(
            trainer.notes[1].hasSuffix(
                "made for the augmented rows of epoch 0, which the student sees every epoch"))
    }

    @Test func theNoisyVariantSaysWhatTheTeacherSaw() throws {
        let (classifier, images) = try Self.teacher()
        let cache = try #require(try TeacherLogits(labelling: images, with: classifier))
        var recipe = DistillationMethod.noisy(noise: 0.1, fineTuningEpochs: 2)
        recipe.epochs = 2
        recipe.batchSize = 16
        let targets = try TeacherTargets(
            .probabilities(temperature: 40), caches: [cache], images: images)
        let trainer = try Trainer(
            graph: smallGraph(), recipe: recipe, images: images, teacher: targets)
        #expect(
            trainer.notes[1]
                == "targets: probabilities at T = 40.0 of one cache, made for the plain rows, while the student sees augmented ones"
        )
        let result = try trainer.run()
        #expect(result.history.map(\.learningRate) == [1e-3, 1e-3, 1e-4, 1e-4])
        #expect(try #require(result.bestEpoch) > 2)
    }

    @Test func targetsOfAnotherKindOrSizeAreRefused() throws {
        let images = plainImages(count: 20, classes: 4, side: 8)
        let targets = try TeacherTargets(
            .logits, caches: [cache(normals(80), for: images)], images: images)
        #expect(
            throws: TrainingError(
                "the recipe's loss needs probabilities at T = 40.0, the targets are logits")
        ) {
            try Trainer(
                graph: smallGraph(), recipe: Recipe(loss: .softCrossEntropy(temperature: 40)),
                images: images, teacher: targets)
        }
        #expect(throws: TrainingError.self) {
            try Trainer(
                graph: smallGraph(), recipe: Recipe(loss: .logitMatching),
                images: learnableImages(count: 24), teacher: targets)
        }
    }
}
