// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct AutoPGDTests {
    private func parse(_ text: String) throws -> any Attack { try AttackSpecification.parse(text) }

    /// The steps at which a run whose loss behaves as `loss` says looks back and halves its step.
    private func halvings(steps: Int, loss: (Int) -> Double) -> [Int] {
        var schedule = AutoPGDSchedule(steps: steps, loss: loss(0))
        return (1...steps).filter { schedule.hear(loss($0)).goesBack }
    }

    @Test func aRunThatNeverImprovesHalvesItsStepAtEveryPublishedCheckpoint() {
        // Croce and Hein, 2020, section 3.2, for 100 steps.
        let published = [22, 41, 57, 70, 80, 87, 93, 99]
        #expect(halvings(steps: 100) { _ in 0 } == published)
        var schedule = AutoPGDSchedule(steps: 100, loss: 0)
        for _ in 0..<100 { _ = schedule.hear(-1) }
        #expect(schedule.step == 0.0078125)
        #expect(halvings(steps: 10) { _ in 0 } == [2, 3, 4, 5, 6, 7, 8, 9, 10])
    }

    @Test func aRunKeepsItsStepWhileMoreThanThreeQuartersOfTheStepsImprove() {
        #expect(halvings(steps: 100) { Double($0) } == [])
        // 17 of the first 22 steps are enough, 16 are not.
        var schedule = AutoPGDSchedule(steps: 100, loss: 0)
        let verdicts = (1...22).map { schedule.hear($0 <= 17 ? Double($0) : 0).goesBack }
        #expect(verdicts.allSatisfy { !$0 })
        schedule = AutoPGDSchedule(steps: 100, loss: 0)
        let fewer = (1...22).map { schedule.hear($0 <= 16 ? Double($0) : 0).goesBack }
        #expect(fewer.last == true)
    }

    @Test func aWindowWithoutABetterBestHalvesTheStepUnlessItWasJustHalved() {
        // The first window reaches 22; the second rises from -100 all the way without passing it.
        var schedule = AutoPGDSchedule(steps: 100, loss: 0)
        for step in 1...22 { #expect(!schedule.hear(Double(step)).goesBack) }
        let second = (1...19).map { schedule.hear(-100 + Double($0)).goesBack }
        #expect(second.last == true)
        // Just halved: a third window like it keeps the step.
        let third = (1...16).map { schedule.hear(-80 + Double($0)).goesBack }
        #expect(third.last == false)
        #expect(schedule.step == 1)
    }

    @Test func lossesThatAreNotNumbersAreNeverTheBest() {
        var schedule = AutoPGDSchedule(steps: 100, loss: .nan)
        #expect(!schedule.hear(.nan).isBest)
        #expect(schedule.hear(-3).isBest)
        #expect(!schedule.hear(.nan).isBest)
        #expect(!schedule.hear(-4).isBest)
    }

    @Test func differenceOfLogitsRatiosAndTheirGradientsAreTorchattacks() throws {
        let numbers = try recorded("autoattack-dlr")
        let logits = Array(numbers[..<160])
        for (isTargeted, offset) in [(false, 160), (true, 160 + 176)] {
            for row in 0..<16 {
                let label = row % 10
                let goal = AttackGoal(
                    reference: isTargeted ? (row + 3) % 10 : label, isTargeted: isTargeted,
                    label: label)
                let values = Array(logits[(row * 10)..<(row * 10 + 10)])
                var gradient = [Float](repeating: 0, count: 10)
                AttackLoss.dlr.gradient(of: values, classCount: 10, goal: goal, into: &gradient)
                let value = AttackLoss.dlr.value(of: values, classCount: 10, goal: goal)
                #expect(abs(value - Double(numbers[offset + row])) < 1e-6)
                let first = offset + 16 + row * 10
                expectClose(gradient, Array(numbers[first..<(first + 10)]), absolute: 1e-6)
            }
        }
    }

    @Test(arguments: [
        ("apgd:loss=ce,epsilon=0.03", 0), ("apgd:loss=dlr,epsilon=0.03", 1),
        ("apgd:epsilon=0.03", 0), ("apgd-t:epsilon=0.03", 2),
        ("apgd:loss=ce,norm=l2,epsilon=0.13", 5), ("apgd:loss=dlr,norm=l2,epsilon=0.13", 6),
        ("apgd-t:norm=l2,epsilon=0.13", 7),
    ])
    func accuracyIsTorchattacksWithinAPoint(text: String, peer: Int) throws {
        let images = try digitsImages()
        let theirs = try recordedBytes("autoattack-broken")[(peer * 200)..<(peer * 200 + 200)]
        let expected = theirs.count { $0 == 1 }
        let found = try brokenRows(text, images: images).count
        #expect(abs(found - expected) <= 2, "\(found) broken, torchattacks broke \(expected)")
    }

    @Test func onASaturatedModelOnlyCrossEntropyIsFooled() throws {
        let images = try digitsImages(60)
        func broken(_ text: String, scale: Double) throws -> (success: Int, zero: Int) {
            let result = try parse(text).craft(
                against: digitsNetwork(scale: scale), images: images)
            return (result.count(of: .success), result.zeroGradientRows)
        }
        let plain = try broken("apgd:loss=ce,epsilon=0.1", scale: 1)
        #expect(plain.success > 50 && plain.zero == 0)
        let fooled = try broken("apgd:loss=ce,epsilon=0.1,steps=20", scale: 1e4)
        #expect(fooled.success < 15)
        #expect(fooled.zero > 40)
        for text in ["apgd:loss=log-odds", "apgd:loss=dlr", "apgd:loss=margin", "apgd-t:steps=50"] {
            let open = try broken("\(text),epsilon=0.1", scale: 1e4)
            #expect(open.success == plain.success, "\(text)")
            #expect(open.zero == 0)
        }
    }

    @Test func linfOnALinearModelReachesTheKnownOptimum() throws {
        let model = linearModel(pixels: 50, classCount: 2)
        let images = try seenImages(model, count: 12, lower: 0.2, upper: 0.8)
        let clean = try images.images.floats()
        let result = try parse("apgd:loss=margin,keep=best,epsilon=0.1").craft(
            against: model, images: images)
        let adversarial = try result.adversarial.floats()
        for row in 0..<12 {
            let label = images.labels[row]
            for index in 0..<50 {
                let slope =
                    model.first.weight[label * 50 + index]
                    - model.first.weight[(1 - label) * 50 + index]
                let expected = clean[row * 50 + index] - 0.1 * (slope > 0 ? 1 : -1)
                #expect(abs(adversarial[row * 50 + index] - expected) < 1e-6)
            }
        }
    }

    @Test(arguments: ["0.03", "8/255", "1/3", "1"])
    func examplesNeverLeaveTheBallNorTheBoxInExactArithmetic(epsilon: String) throws {
        let images = try digitsImages(30)
        let limit = try ExactFraction(parsing: epsilon).valueRoundedDown
        for keys in ["norm=linf", "norm=l2", "norm=l2,keep=best"] {
            let result = try parse("apgd:epsilon=\(epsilon),steps=12,\(keys)").craft(
                against: digitsNetwork(), images: images)
            #expect(result.distances.allSatisfy { $0 <= limit })
            #expect(try result.adversarial.floats().allSatisfy { (0...1).contains($0) })
        }
    }

    @Test(arguments: [
        "apgd:epsilon=0.03,steps=20,restarts=2", "apgd:norm=l2,epsilon=0.1,loss=dlr,steps=20",
        "apgd:epsilon=0.05,targeted=random,steps=20", "apgd-t:epsilon=0.02,targets=3,steps=20",
        "apgd-t:norm=l2,epsilon=0.1,targets=2,steps=20,keep=best",
    ])
    func examplesDoNotDependOnTheBatchSize(text: String) throws {
        let images = try digitsImages(23)
        let alone = try parse(text).craft(against: digitsNetwork(batchSize: 1), images: images)
        let result = try parse(text).craft(against: digitsNetwork(batchSize: 7), images: images)
        #expect(result.adversarial == alone.adversarial)
        #expect(result.queries == alone.queries && result.gradients == alone.gradients)
    }

    @Test func aRunCostsAGradientAStepAndOneLookAtItsEnd() throws {
        let images = try digitsImages(10)
        let result = try parse("apgd:epsilon=1e-6,steps=30,restarts=2").craft(
            against: digitsNetwork(), images: images)
        for row in 0..<10 where result.statuses[row] == .failed {
            #expect(result.gradients[row] == 60)
            #expect(result.queries[row] == 1 + 2 * 31)
        }
    }

    @Test func targetedRunsReachTheirTargets() throws {
        let images = try digitsImages(40)
        let result = try parse("apgd:epsilon=0.3,targeted=next").craft(
            against: digitsNetwork(), images: images)
        let found = try predictions(digitsNetwork(), result.adversarial.floats())
        #expect(result.count(of: .success) > 30)
        for row in 0..<40 where result.statuses[row] == .success {
            #expect(found[row] == (images.labels[row] + 1) % 10)
        }
    }

    @Test func tooFewClassesForTheRatioAreRefused() throws {
        let model = linearModel(pixels: 9, classCount: 3)
        let images = try seenImages(model, count: 2)
        let error = #expect(throws: RobustnessError.self) {
            try parse("apgd-t:epsilon=0.1").craft(against: model, images: images)
        }
        #expect(error?.description.contains("3 classes, the attack needs at least 4") == true)
        _ = try parse("apgd-t:epsilon=0.1,loss=log-odds,steps=3").craft(
            against: model, images: images)
    }
}
