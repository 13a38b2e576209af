// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Training

@Suite(.timeLimit(.minutes(1)))
struct AdversarialTrainingTests {
    /// Moves every third pixel up and the others down, whatever the model.
    struct Stripes: BatchPerturbation {
        let json: JSON = ["name": "stripes"]

        func perturb(
            _ pixels: UnsafeMutableBufferPointer<Float>, labels: [Int32], rowKeys: [UInt64],
            epoch: Int?, seed: UInt64, against model: any DifferentiableClassifier
        ) throws(TrainingError) {
            let size = model.imageShape.elementCount
            for (row, key) in rowKeys.enumerated() {
                for pixel in 0..<size {
                    let sign: Float = (Int(key) + pixel) % 3 == 0 ? 1 : -1
                    let value = pixels[row * size + pixel] + 0.125 * sign
                    pixels[row * size + pixel] = min(max(value, 0), 1)
                }
            }
        }
    }

    /// One step up the loss, scaled by a random number of (seed, epoch, row).
    struct Climb: BatchPerturbation {
        var epsilon = 0.1
        var json: JSON { ["name": "climb", "epsilon": .number(epsilon)] }

        func perturb(
            _ pixels: UnsafeMutableBufferPointer<Float>, labels: [Int32], rowKeys: [UInt64],
            epoch: Int?, seed: UInt64, against model: any DifferentiableClassifier
        ) throws(TrainingError) {
            let (size, classes) = (model.imageShape.elementCount, model.classCount)
            let gradient = FloatBuffer(count: labels.count * size)
            let logits = FloatBuffer(count: labels.count * classes)
            try model.inputGradient(
                of: UnsafeBufferPointer(pixels), count: labels.count, into: gradient.all,
                logits: logits.all
            ) { _, seeds in
                for (row, label) in labels.enumerated() {
                    for index in 0..<classes {
                        seeds[row * classes + index] = index == label ? -1 : 0.25
                    }
                }
            }
            for (row, key) in rowKeys.enumerated() {
                var stream = RandomStream(
                    seed: seed, purpose: .test, row: UInt64(epoch ?? 99) << 40 | key)
                let length = Float(epsilon) * stream.uniform(0.5, 1)
                for index in (row * size)..<((row + 1) * size) {
                    let slope = gradient.base[index]
                    let move = slope > 0 ? length : (slope < 0 ? -length : 0)
                    pixels[index] = min(max(pixels[index] + move, 0), 1)
                }
            }
        }
    }

    static let recipe: Recipe = {
        var recipe = TrainerTests.recipe
        recipe.adversarial = AdversarialTraining(Climb(), validationRows: 7)
        recipe.validationFraction = 0.2
        return recipe
    }()

    private static func trainer(
        _ recipe: Recipe, perturbation: (any BatchPerturbation)? = Climb()
    ) throws -> Trainer {
        let images = try learnableImages(count: 50)
        let logits = try cache(normals(200, scale: 4), for: images)
        let teacher = try recipe.loss.softTargetKind.map {
            try TeacherTargets($0, caches: [logits], images: images)
        }
        return try Trainer(
            graph: smallGraph(), recipe: recipe, images: images, teacher: teacher,
            perturbation: perturbation)
    }

    @Test func robustDistillationAgreesWithPyTorch() throws {
        let recorded = try jsonFixture("training/trainer/adversarial.json")
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
            let method = DistillationMethod.hinton(
                alpha: try #require(recordedCase["alpha"]?.doubleValue),
                temperature: try #require(recordedCase["temperature"]?.doubleValue))
            let recipe = Recipe(
                epochs: 3, batchSize: rows, optimizer: .sgd(), learningRate: 0.01,
                loss: method.loss, validationFraction: 0,
                adversarial: AdversarialTraining(Stripes()))
            let trainer = try Trainer(
                graph: graph, recipe: recipe, images: images,
                teacher: TeacherTargets(method.targets, caches: [logits], images: images),
                perturbation: Stripes())
            var start = NamedTensors()
            let values = try #require(recordedCase["start"]?.arrayValue)
            for (specification, floats) in zip(graph.parameters, values) {
                start[specification.name] = Tensor(floats.floats, shape: specification.shape)
            }
            let result = try trainer.run(from: .parameters(start))
            expectClose(
                result.history.map { Float($0.trainingLoss) },
                try #require(recordedCase["losses"]).floats, absolute: 1e-6, relative: 1e-5,
                "losses of \(recordedCase["name"]!)")
            let expected = try #require(recordedCase["end"]?.arrayValue)
            for (specification, floats) in zip(graph.parameters, expected) {
                let found = try #require(result.snapshot?.parameters[specification.name])
                expectClose(
                    try found.floats(), floats.floats, absolute: 2e-6, relative: 1e-5,
                    "\(specification.name) of \(recordedCase["name"]!)")
            }
        }
    }

    @Test func theLossFallsAndTheEpochIsChosenOnPerturbedRows() throws {
        var recipe = Self.recipe
        recipe.epochs = 10
        let result = try Self.trainer(recipe).run()
        let losses = result.history.map(\.trainingLoss)
        #expect(losses[9] < losses[0] * 0.7)
        let robust = try result.history.map { try #require($0.robustValidationAccuracy) }
        // Of 7 rows.
        #expect(robust.allSatisfy { abs($0 * 7 - ($0 * 7).rounded()) < 1e-9 })
        #expect(robust.firstIndex(of: robust.max()!) == result.bestEpoch! - 1)
    }

    @Test func aRobustEpochBeatsOneThatIsBetterOnCleanRows() throws {
        func record(_ epoch: Int, clean: Int, robust: Double?) throws -> EpochRecord {
            var value = LossValue()
            (value.count, value.correct) = (10, clean)
            let record = EpochRecord(
                epoch: epoch, learningRate: 1, training: LossValue(), validation: value,
                robustValidationAccuracy: robust, seconds: 1)
            #expect(try EpochRecord(json: JSON(parsing: record.json.text())) == record)
            return record
        }
        let records = try [
            record(1, clean: 7, robust: 0.4), record(2, clean: 8, robust: 0.6),
            record(3, clean: 9, robust: 0.5), record(4, clean: 9, robust: 0.6),
        ]
        #expect(records.bestEpoch() == 2)
        #expect(try record(1, clean: 7, robust: nil).json["robust_validation_accuracy"] == nil)
    }

    static let recipes: [Recipe] = {
        var distilled = recipe
        distilled.loss = .hinton(alpha: 0.6, temperature: 5)
        distilled.fineTuning = FineTuning(epochs: 1, learningRate: 1e-3, temperature: 1)
        distilled.epochs = 3
        return [recipe, distilled]
    }()

    @Test(arguments: recipes)
    func aResumedRunEndsWithTheBitsOfTheUndisturbedOne(recipe: Recipe) throws {
        var snapshots: [TrainingSnapshot] = []
        let whole = try Self.trainer(recipe).run { _ in
            .proceed
        } snapshot: {
            snapshots.append($0)
        }
        #expect(try Self.trainer(recipe).run().snapshot?.parameters == whole.snapshot?.parameters)
        for snapshot in snapshots {
            let resumed = try Self.trainer(recipe).run(from: .snapshot(snapshot))
            #expect(resumed.snapshot?.parameters == whole.snapshot?.parameters)
            #expect(resumed.snapshot?.optimizer == whole.snapshot?.optimizer)
            #expect(
                resumed.history.map(\.robustValidationAccuracy)
                    == whole.history.map(\.robustValidationAccuracy))
        }
        var plain = recipe
        plain.adversarial = nil
        let other = try Self.trainer(plain, perturbation: nil).run()
        #expect(other.snapshot?.parameters != whole.snapshot?.parameters)
    }

    @Test func theRecipeNamesThePerturbation() throws {
        let json = Self.recipe.json
        #expect(try Recipe(json: JSON(parsing: json.text())) == Self.recipe)
        #expect(json["adversarial"]?["perturbed_in_mode"] == "inference")
        func message(_ recipe: Recipe, _ perturbation: (any BatchPerturbation)?) -> String {
            do {
                _ = try Self.trainer(recipe, perturbation: perturbation)
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(message(Self.recipe, nil).hasSuffix("the one given is none"))
        #expect(message(Self.recipe, Stripes()).hasSuffix(#"the one given is {"name":"stripes"}"#))
        #expect(message(TrainerTests.recipe, Climb()).contains("names the perturbation none"))
        var labelsAlone = Self.recipe
        labelsAlone.loss = .hinton(alpha: 0, temperature: 5)
        #expect(message(labelsAlone, Climb()).hasPrefix("alpha is 0"))
        var negative = Self.recipe
        negative.adversarial?.validationRows = -1
        #expect(message(negative, Climb()) == "validation_rows is -1, expected 0 or more")
        #expect(
            try Self.trainer(Self.recipe).notes.contains {
                $0.contains("7 perturbed validation rows")
            })
    }
}
