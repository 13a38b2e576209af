// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing
import Training

@testable import Robustness

@Suite(.timeLimit(.minutes(1)))
struct GradientPerturbationTests {
    private func perturbed(
        _ text: String, _ images: LabelledImages, rows: [Int], model: AnalyticModel,
        epoch: Int? = 0, seed: UInt64 = 1
    ) throws -> [Float] {
        let size = images.imageShape.elementCount
        let pixels = FloatBuffer(count: rows.count * size)
        for (slot, row) in rows.enumerated() {
            images.copyPixels(ofRow: row, to: pixels.pointer(at: slot * size))
        }
        try GradientPerturbation(parsing: text).perturb(
            pixels.values, labels: rows.map { Int32(images.labels[$0]) },
            rowKeys: rows.map { UInt64($0) }, epoch: epoch, seed: seed, against: model)
        return Array(pixels.values)
    }

    @Test(arguments: ["linf,epsilon=0.1,step=0.03", "l2,epsilon=0.5,step=0.2"])
    func theStepsAreThoseOfTheAttack(settings: String) throws {
        let model = parityNetwork()
        let images = try seenImages(model, count: 8)
        let text = "pgd:norm=\(settings),steps=7,start=none"
        let attack = try AttackSpecification.parse(text + ",keep=last")
        let expected = try attack.craft(against: model, images: images).adversarial.floats()
        #expect(try perturbed(text, images, rows: Array(0..<8), model: model) == expected)
    }

    @Test(arguments: ["pgd:epsilon=0.1,steps=3", "pgd:norm=l2,epsilon=0.4,steps=3"])
    func aRowDependsOnItsNumberAndEpochAloneAndStaysInTheBall(text: String) throws {
        let model = parityNetwork()
        let images = try seenImages(model, count: 8)
        let clean = try images.images.floats()
        let whole = try perturbed(text, images, rows: Array(0..<8), model: model)
        let some = try perturbed(text, images, rows: [5, 2], model: model)
        #expect(Array(some[..<36]) == Array(whole[(5 * 36)..<(6 * 36)]))
        #expect(Array(some[36...]) == Array(whole[(2 * 36)..<(3 * 36)]))
        #expect(try perturbed(text, images, rows: [5, 2], model: model, epoch: 1) != some)
        #expect(try perturbed(text, images, rows: [5, 2], model: model, seed: 2) != some)
        let ball = try ProjectedGradientDescent(
            arguments: AttackArguments(
                attack: "pgd", keys: GradientPerturbation.keys, text: text.dropFirst(4))
        ).ball
        for row in 0..<8 {
            let range = (row * 36)..<((row + 1) * 36)
            let distance = whole[range].withUnsafeBufferPointer { found in
                clean[range].withUnsafeBufferPointer {
                    ThreatModel.distance(
                        ball.norm, found.baseAddress!, $0.baseAddress!, count: 36)
                }
            }
            #expect(distance <= ball.epsilon.value && distance > ball.epsilon.value / 2)
        }
        #expect(whole.allSatisfy { (0...1).contains($0) })
    }

    @Test func aWarmUpEndsAtFullSizeAndValidationIsAlwaysThere() throws {
        let model = parityNetwork()
        let images = try seenImages(model, count: 4, lower: 0.4, upper: 0.6)
        let clean = try images.images.floats()
        func moved(epoch: Int?) throws -> Float {
            try zip(
                perturbed(
                    "pgd:epsilon=0.3,steps=3,start=none,warm-up=2", images, rows: Array(0..<4),
                    model: model, epoch: epoch), clean
            ).reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
        for (epoch, expected) in [(0, 0.1), (1, 0.2), (2, 0.3), (7, 0.3), (nil, 0.3)] {
            #expect(try abs(moved(epoch: epoch) - Float(expected)) < 1e-6)
        }
    }

    @Test func settingsThatMakeNoSenseInTrainingAreRefused() throws {
        func message(_ text: String) -> String {
            do {
                _ = try GradientPerturbation(parsing: text)
                return "no error"
            } catch {
                return error.description
            }
        }
        #expect(message("fgsm:epsilon=0.1").hasSuffix("found 'fgsm:epsilon=0.1'"))
        #expect(message("pgd:epsilon=0.1,restarts=5").contains("has no key 'restarts'"))
        #expect(message("pgd:epsilon=0.1,keep=first").contains("has no key 'keep'"))
        #expect(message("pgd").contains("needs an epsilon"))
        let perturbation = try GradientPerturbation(parsing: "pgd:epsilon=0.3,step=0.01")
        #expect(
            perturbation.canonicalText
                == "pgd:epsilon=0.3,norm=linf,steps=40,step=0.01,start=random,loss=log-odds,warm-up=0"
        )
        let again = try GradientPerturbation(parsing: perturbation.canonicalText)
        #expect(again.json == perturbation.json)
        #expect(perturbation.json["keep"] == "last")
    }

    /// One pixel tells the classes apart by a wide gap, but in nine of ten rows only; the other
    /// pixels always do, all by less than epsilon (Tsipras et al., "Robustness may be at odds with
    /// accuracy", 2019, section 2.1).
    private func images(count: Int, seed: UInt64) throws -> LabelledImages {
        var random = RandomStream(seed: seed, purpose: .test)
        var pixels: [Float] = []
        for row in 0..<count {
            let side: Float = row % 2 == 0 ? -1 : 1
            let isTrue = random.uniform() < 0.9
            pixels.append(0.5 + (isTrue ? 0.3 : -0.3) * side)
            for _ in 1..<16 { pixels.append(0.5 + 0.08 * side + 0.05 * random.normal()) }
        }
        return try labelled(
            pixels.map { min(max($0, 0), 1) }, shape: [1, 4, 4],
            labels: (0..<count).map { $0 % 2 }, classCount: 2)
    }

    @Test func aNetworkTrainedOnPerturbedImagesWithstandsWhatBreaksAPlainOne() throws {
        let graph = try Graph(nodes: [
            .init("input", .input(shape: [1, 4, 4])), .init("flatten", .flatten),
            .init("fc1", .dense(units: 16, bias: true)), .init("relu1", .activation(.relu)),
            .init("fc2", .dense(units: 2, bias: true)),
        ])
        let perturbation = try GradientPerturbation(parsing: "pgd:epsilon=0.15,steps=5")
        let attack = try AttackSpecification.parse("pgd:epsilon=0.15,steps=20")
        let test = try images(count: 200, seed: 2)
        func accuracies(_ perturbation: GradientPerturbation?) throws -> (Double, Double) {
            let recipe = Recipe(
                epochs: 8, batchSize: 50, learningRate: 0.02, seed: 3,
                adversarial: perturbation.map { AdversarialTraining($0) })
            let result = try Trainer(
                graph: graph, recipe: recipe, images: images(count: 600, seed: 1),
                perturbation: perturbation
            ).run()
            let model = try Classifier(
                graph: graph, parameters: #require(result.best?.parameters), batchSize: 96)
            let broken = try attack.craft(against: model, images: test).statuses.filter {
                $0 == .success || $0 == .alreadyMisclassified
            }
            return (try model.evaluate(on: test).accuracy, 1 - Double(broken.count) / 200)
        }
        let (plainClean, plainRobust) = try accuracies(nil)
        let (trainedClean, trainedRobust) = try accuracies(perturbation)
        #expect(plainClean > 0.85)
        #expect(plainRobust < 0.4)
        #expect(trainedClean > 0.8)
        #expect(trainedRobust > 0.75)
    }
}
