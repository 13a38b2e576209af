// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Training

@Suite(.timeLimit(.minutes(1)))
struct TrainerTests {
    private static func trainer(
        _ recipe: Recipe, count: Int = 50, teacher: TeacherTargets? = nil
    ) throws -> Trainer {
        try Trainer(
            graph: smallGraph(), recipe: recipe, images: learnableImages(count: count),
            teacher: teacher)
    }

    static let recipe = Recipe(
        epochs: 4, batchSize: 16, learningRate: 0.01,
        schedule: LearningRateSchedule(.cosine(final: 0.1), warmUpEpochs: 1), clipNorm: 1,
        augmentation: Augmentation(cropPadding: 1, horizontalFlip: false, noise: 0.05), seed: 11)

    static let recipes: [Recipe] = [
        recipe,
        with(recipe) { $0.optimizer = .sgd(momentum: 0.9, nesterov: true, weightDecay: 1e-3) },
        with(recipe) {
            $0.epochs = 2
            $0.optimizer = .adamW()
            $0.fineTuning = FineTuning(epochs: 2, learningRate: 1e-3, temperature: 1)
        },
    ]

    private static func with(_ recipe: Recipe, _ change: (inout Recipe) -> Void) -> Recipe {
        var changed = recipe
        change(&changed)
        return changed
    }

    @Test func fullBatchTrainingAgreesWithPyTorch() throws {
        let recorded = try jsonFixture("training/trainer/torch.json")
        let side = try #require(recorded["side"]?.integerValue)
        let hidden = try #require(recorded["hidden"]?.integerValue)
        let pixels = try #require(recorded["pixels"]).floats.map { UInt8($0) }
        let rows = pixels.count / (side * side)
        let images = try LabelledImages(
            images: Tensor(trusted: .u8, shape: [rows, 1, side, side], values: pixels),
            labels: (0..<rows).map { $0 % 4 }, classCount: 4)
        let graph = try Graph(nodes: [
            .init("input", .input(shape: [1, side, side])), .init("flatten", .flatten),
            .init("fc1", .dense(units: hidden, bias: true)), .init("tanh1", .activation(.tanh)),
            .init("fc2", .dense(units: 4, bias: true)),
        ])
        let logits = try cache(try #require(recorded["teacher"]).floats, for: images)
        for recordedCase in try #require(recorded["cases"]?.arrayValue) {
            var recipe = try Recipe(json: #require(recordedCase["recipe"]))
            recipe.epochs = 4
            recipe.batchSize = rows
            recipe.validationFraction = 0
            let teacher = try recipe.loss.softTargetKind.map {
                try TeacherTargets($0, caches: [logits], images: images)
            }
            let trainer = try Trainer(
                graph: graph, recipe: recipe, images: images, teacher: teacher)
            var start = NamedTensors()
            let values = try #require(recordedCase["start"]?.arrayValue)
            for (specification, floats) in zip(graph.parameters, values) {
                start[specification.name] = Tensor(floats.floats, shape: specification.shape)
            }
            let result = try trainer.run(from: .parameters(start))
            let losses = try #require(recordedCase["losses"]).floats
            expectClose(
                result.history.map { Float($0.trainingLoss) }, losses, absolute: 1e-6,
                relative: 1e-5, "losses of \(recordedCase["name"]!)")
            let expected = try #require(recordedCase["end"]?.arrayValue)
            for (specification, floats) in zip(graph.parameters, expected) {
                let found = try #require(result.snapshot?.parameters[specification.name])
                expectClose(
                    try found.floats(), floats.floats, absolute: 5e-6, relative: 1e-5,
                    "\(specification.name) of \(recordedCase["name"]!)")
            }
        }
    }

    @Test func theLossFallsAndTheClassesAreLearnt() throws {
        let result = try Self.trainer(
            Self.with(Self.recipe) {
                $0.epochs = 12
                $0.validationFraction = 0.2
            }
        ).run()
        let first = try #require(result.history.first)
        let last = try #require(result.history.last)
        #expect(last.trainingLoss < first.trainingLoss / 2)
        #expect(try #require(last.validationAccuracy) >= 0.9)
        #expect(result.history.count == 12)
        #expect(result.imagesPerSecond > 0)
        #expect(!result.isStopped)
    }

    @Test(arguments: recipes) func twoRunsEndWithTheSameBits(recipe: Recipe) throws {
        let first = try Self.trainer(recipe).run()
        let second = try Self.trainer(recipe).run()
        #expect(first.snapshot?.parameters == second.snapshot?.parameters)
        #expect(first.snapshot?.optimizer == second.snapshot?.optimizer)
        let other = try Self.trainer(Self.with(recipe) { $0.seed = 12 }).run()
        #expect(first.snapshot?.parameters != other.snapshot?.parameters)
    }

    @Test(arguments: recipes) func aRunResumedAfterAnyEpochEndsWithTheSameBits(recipe: Recipe)
        throws
    {
        var snapshots: [TrainingSnapshot] = []
        let whole = try Self.trainer(recipe).run { _ in
            .proceed
        } snapshot: {
            snapshots.append($0)
        }
        #expect(snapshots.map(\.epoch) == [1, 2, 3, 4])
        for snapshot in snapshots {
            let resumed = try Self.trainer(recipe).run(from: .snapshot(snapshot))
            #expect(resumed.snapshot?.parameters == whole.snapshot?.parameters)
            #expect(resumed.snapshot?.optimizer == whole.snapshot?.optimizer)
            #expect(resumed.bestEpoch == whole.bestEpoch)
        }
    }

    @Test func aStoppedRunGoesOnFromItsLastSnapshot() throws {
        let whole = try Self.trainer(Self.recipe).run()
        var batches = 0
        let trainer = try Self.trainer(Self.recipe)
        let stopped = try trainer.run { _ in
            batches += 1
            return batches == 7 ? .stop : .proceed
        }
        // Three batches an epoch: the seventh is the first of the third.
        #expect(stopped.isStopped)
        #expect(batches == 7)
        #expect(stopped.snapshot?.epoch == 2)
        let resumed = try trainer.run(from: .snapshot(#require(stopped.snapshot)))
        #expect(resumed.snapshot?.parameters == whole.snapshot?.parameters)
    }

    @Test func aRunStoppedInItsFirstEpochHasNoSnapshot() throws {
        let result = try Self.trainer(Self.recipe).run { _ in .stop }
        #expect(result.isStopped)
        #expect(result.snapshot == nil && result.best == nil && result.bestEpoch == nil)
    }

    @Test func theSmallerLastBatchIsTrainedOn() throws {
        var seen: [TrainingProgress] = []
        let recipe = Self.with(Self.recipe) {
            $0.epochs = 1
            $0.validationFraction = 0
        }
        _ = try Self.trainer(recipe).run {
            seen.append($0)
            return .proceed
        }
        #expect(seen.map(\.batch) == [1, 2, 3, 4])
        #expect(seen.allSatisfy { $0.batches == 4 && $0.epoch == 1 && $0.epochs == 1 })
        #expect(seen.last?.fraction == 1)
        // Dropping the last two rows would leave weights that those rows never touched.
        let plan = BatchPlan(
            images: try learnableImages(count: 50), rows: Array(0..<50), batchSize: 16, seed: 11,
            epoch: 0, shuffled: true)
        #expect(plan.positions(ofBatch: 3).count == 2)
    }

    @Test func aLossThatIsNoNumberStopsTheRunAndNamesTheBatch() throws {
        let recipe = Self.with(Self.recipe) {
            $0.optimizer = .sgd()
            $0.learningRate = 1e30
            $0.clipNorm = nil
        }
        #expect {
            try Self.trainer(recipe).run()
        } throws: { error in
            let text = "\(error)"
            return text.hasPrefix("the loss is ") && text.contains("in epoch 1, batch ")
        }
    }

    @Test func errorsOfTheCallersStoreComeThrough() throws {
        struct DiskFull: Error {}
        #expect(throws: DiskFull.self) {
            try Self.trainer(Self.recipe).run { _ in
                .proceed
            } snapshot: { _ in
                throw DiskFull()
            }
        }
    }

    @Test func theBestEpochIsTheEarlierOfEqualsAndTheLastWithoutValidation() throws {
        func records(_ accuracies: [Int?]) -> [EpochRecord] {
            accuracies.enumerated().map { index, correct in
                var value = LossValue()
                value.count = 10
                value.correct = correct ?? 0
                return EpochRecord(
                    epoch: index + 1, learningRate: 1, training: LossValue(),
                    validation: correct == nil ? nil : value, seconds: 1)
            }
        }
        #expect(records([3, 7, 5, 7]).bestEpoch() == 2)
        #expect(records([9, 7, 5, 7]).bestEpoch(after: 1) == 2)
        #expect(records([nil, nil]).bestEpoch() == 2)
        #expect([EpochRecord]().bestEpoch() == nil)
        let record = records([4])[0]
        #expect(try EpochRecord(json: JSON(parsing: record.json.text())) == record)
    }

    @Test func theBestSnapshotIsHandedBack() throws {
        var snapshots: [TrainingSnapshot] = []
        let result = try Self.trainer(
            Self.with(Self.recipe) {
                $0.epochs = 6
                $0.validationFraction = 0.3
            }
        ).run { _ in
            .proceed
        } snapshot: {
            snapshots.append($0)
        }
        let best = try #require(result.bestEpoch)
        #expect(result.best == snapshots[best - 1])
        let accuracies = result.history.map { $0.validationAccuracy ?? -1 }
        #expect(accuracies.firstIndex(of: accuracies.max()!) == best - 1)
    }

    @Test func evaluationCountsEveryRowOnceWhateverTheBatchSize() throws {
        let images = try learnableImages(count: 37)
        let parameters = ParameterArena(graph: try smallGraph(), seed: 4)
        let values = try [1, 8, 64].map { size in
            try Classifier(parameters: parameters, batchSize: size).evaluate(on: images)
        }
        #expect(values.allSatisfy { $0.count == 37 && $0.correct == values[0].correct })
        #expect(values.allSatisfy { abs($0.mean - values[0].mean) < 1e-5 })
        let some = try Classifier(parameters: parameters, batchSize: 8).evaluate(
            on: images, rows: [5])
        #expect(some.count == 1)
    }

    @Test func partsThatDoNotFitAreRefused() throws {
        let images = try learnableImages(count: 20)
        func message(_ recipe: Recipe, _ images: LabelledImages) -> String {
            do {
                _ = try Trainer(graph: smallGraph(), recipe: recipe, images: images)
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            message(Recipe(), try learnableImages(count: 4, side: 6))
                == "images have shape (1, 6, 6), the graph takes (1, 8, 8)")
        #expect(
            message(Recipe(loss: .softCrossEntropy(temperature: 40)), images)
                == "the recipe's loss needs a teacher's probabilities at T = 40.0")
        #expect(message(Recipe(epochs: 0), images) == "epochs is 0, expected 1 or more")
        let trainer = try Self.trainer(Self.recipe)
        let late = try TrainingSnapshot(
            epoch: 0, parameters: NamedTensors(), optimizer: NamedTensors(), history: [])
        #expect(throws: TrainingError.self) { try trainer.run(from: .snapshot(late)) }
        #expect(throws: TrainingError("a run after 2 epochs has records of epochs []")) {
            try TrainingSnapshot(
                epoch: 2, parameters: NamedTensors(), optimizer: NamedTensors(), history: [])
        }
    }
}
