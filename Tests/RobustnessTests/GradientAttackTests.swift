// SPDX-License-Identifier: Apache-2.0

import Robustness
import Tensors
import TestSupport
import Testing

@Suite struct GradientAttackTests {
    private func parse(_ text: String) throws -> any Attack { try AttackSpecification.parse(text) }

    /// w_y - w_other of a two-class linear model.
    private func normal(_ model: AnalyticModel, label: Int) -> [Double] {
        let pixels = model.imageShape.elementCount
        return (0..<pixels).map {
            Double(model.first.weight[label * pixels + $0])
                - Double(model.first.weight[(1 - label) * pixels + $0])
        }
    }

    @Test(arguments: ["fgsm:epsilon=0.1", "pgd:epsilon=0.1,keep=best"])
    func linfOnALinearModelReachesTheKnownOptimum(text: String) throws {
        let model = linearModel(pixels: 50, classCount: 2)
        let images = try seenImages(model, count: 20, lower: 0.2, upper: 0.8)
        let clean = try images.images.floats()
        let result = try parse(text).craft(against: model, images: images)
        let adversarial = try result.adversarial.floats()
        let zero = try parse("fgsm:epsilon=1e-9").craft(against: model, images: images)
        for row in 0..<20 {
            let direction = normal(model, label: images.labels[row])
            for (index, slope) in direction.enumerated() {
                let expected = Double(clean[row * 50 + index]) - 0.1 * (slope > 0 ? 1 : -1)
                #expect(abs(Double(adversarial[row * 50 + index]) - expected) < 1e-6)
            }
            // The margin falls by epsilon times the dual norm of its slope.
            let drop = 0.1 * direction.reduce(0) { $0 + abs($1) }
            #expect(abs(Double(zero.margins[row] - result.margins[row]) - drop) < 1e-4)
            #expect((result.statuses[row] == .success) == (result.margins[row] < 0))
        }
    }

    @Test func l2OnALinearModelReachesTheKnownOptimum() throws {
        let model = linearModel(pixels: 50, classCount: 2)
        let images = try seenImages(model, count: 20, lower: 0.3, upper: 0.7)
        let clean = try images.images.floats()
        for text in ["fgsm:norm=l2,epsilon=0.5", "pgd:norm=l2,epsilon=0.5,keep=last,step=0.25"] {
            let result = try parse(text).craft(against: model, images: images)
            let adversarial = try result.adversarial.floats()
            for row in 0..<20 {
                let direction = normal(model, label: images.labels[row])
                let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
                for (index, slope) in direction.enumerated() {
                    let expected = Double(clean[row * 50 + index]) - 0.5 * slope / length
                    #expect(abs(Double(adversarial[row * 50 + index]) - expected) < 1e-3)
                }
                #expect(abs(result.distances[row] - 0.5) < 1e-6)
            }
        }
    }

    @Test(arguments: [
        "pgd:epsilon=0.05,restarts=3,seed=5", "pgd:norm=l2,epsilon=0.4,restarts=2,keep=best",
        "pgd:epsilon=0.03,targeted=random,start=none", "fgsm:epsilon=0.1,targeted=least-likely",
    ])
    func examplesDoNotDependOnTheBatchSize(text: String) throws {
        let images = try seenImages(parityNetwork(), count: 37)
        let alone = try parse(text).craft(against: parityNetwork(batchSize: 1), images: images)
        for batchSize in [2, 7, 37, 100] {
            let model = parityNetwork(batchSize: batchSize)
            let result = try parse(text).craft(against: model, images: images)
            #expect(result.adversarial == alone.adversarial)
            #expect(result.statuses == alone.statuses)
            #expect(result.margins == alone.margins)
            #expect(result.queries == alone.queries)
        }
    }

    @Test func aRowKeepsItsExampleWhateverIsAttackedBesideIt() throws {
        let model = parityNetwork()
        let images = try seenImages(model, count: 20)
        let attack = try parse("pgd:epsilon=0.03,restarts=2")
        let all = try attack.craft(against: model, images: images)
        let part = try attack.craft(
            against: model, images: images.rows(5..<9), rowIDs: [5, 6, 7, 8]
        ) { _ in true }
        #expect(try part.adversarial == all.adversarial.rows(5..<9))
    }

    @Test(arguments: ["0.3", "8/255", "76.5/255", "0.1", "1/3", "0.007", "1e-3", "1"])
    func linfNeverLeavesTheBallNorTheBoxInExactArithmetic(epsilon: String) throws {
        let model = parityNetwork(batchSize: 64)
        let images = try seenImages(model, count: 64)
        let limit = try ExactFraction(parsing: epsilon).valueRoundedDown
        let clean = try images.images.floats()
        for name in ["fgsm", "pgd:keep=last,steps=7", "pgd:steps=1,step=1"] {
            let separator = name.contains(":") ? "," : ":"
            let result = try parse("\(name)\(separator)epsilon=\(epsilon)").craft(
                against: model, images: images)
            let adversarial = try result.adversarial.floats()
            let worst = zip(adversarial, clean).map { abs(Double($0) - Double($1)) }.max() ?? 0
            #expect(worst <= limit)
            #expect(adversarial.allSatisfy { (0...1).contains($0) })
        }
    }

    @Test(arguments: ["0.5", "2", "1/255", "1e-6"])
    func l2NeverLeavesTheBall(epsilon: String) throws {
        let model = parityNetwork(batchSize: 64)
        let images = try seenImages(model, count: 64)
        let limit = try ExactFraction(parsing: epsilon).valueRoundedDown
        for keys in ["keep=last", "keep=first,step=3", "start=none,keep=best,steps=3"] {
            let result = try parse("pgd:norm=l2,epsilon=\(epsilon),\(keys)").craft(
                against: model, images: images)
            #expect(result.distances.allSatisfy { $0 <= limit })
            #expect(try result.adversarial.floats().allSatisfy { (0...1).contains($0) })
        }
    }

    @Test func randomStartsDifferBetweenRowsRestartsAndSeeds() throws {
        let images = try labelled(
            [Float](repeating: 0.5, count: 2 * 36), shape: [1, 6, 6], labels: [0, 0],
            classCount: 5)
        func example(_ keys: String) throws -> [Float] {
            try parse("pgd:epsilon=0.1,steps=1,step=1e-9,keep=last,\(keys)")
                .craft(against: parityNetwork(), images: images).adversarial.floats()
        }
        let first = try example("seed=1")
        #expect(Array(first[..<36]) != Array(first[36...]))
        #expect(try example("seed=2") != first)
        #expect(try example("seed=1") == first)
        // Uniform in the ball: the mean of 72 offsets in [-0.1, 0.1] is near 0, the largest near 0.1.
        let offsets = first.map { $0 - 0.5 }
        #expect(abs(offsets.reduce(0, +) / 72) < 0.02)
        #expect(offsets.map(abs).max() ?? 0 > 0.09)
    }

    @Test func targetedAttacksAimAtTheirTarget() throws {
        let model = parityNetwork(batchSize: 32)
        let images = try seenImages(model, count: 40)
        for targeted in ["next", "least-likely", "random", "2"] {
            let result = try parse("pgd:epsilon=0.3,targeted=\(targeted)").craft(
                against: model, images: images)
            let found = try predictions(model, result.adversarial.floats())
            #expect(result.count(of: .success) > 20)
            for row in 0..<40 {
                let (label, target) = (images.labels[row], result.targets[row])
                if targeted == "next" { #expect(target == (label + 1) % 5) }
                if targeted == "2" { #expect(target == 2) }
                switch result.statuses[row] {
                case .success: #expect(found[row] == target && target != label)
                case .failed: #expect(found[row] != target)
                case .skipped: #expect(target == label && found[row] == label)
                case .alreadyMisclassified, .noPair:
                    Issue.record("row \(row) was right when clean, and this is not JSMA")
                }
            }
        }
    }

    @Test func workStopsAtTheFirstSuccessAndBatchesStayFull() throws {
        let model = parityNetwork(batchSize: 16)
        let images = try seenImages(model, count: 64)
        let result = try parse("pgd:epsilon=0.3,steps=40,start=none").craft(
            against: model, images: images)
        #expect(result.count(of: .success) == 64)
        #expect(result.gradients.reduce(0, +) == model.gradientRows)
        #expect(model.gradientRows < 64 * 20)
        // Only when nothing is left to fill the batch with may it shrink.
        let firstShort = try #require(model.batches.firstIndex { $0 < 16 })
        let finished = model.batches[..<firstShort].reduce(0, +)
        #expect(finished > model.gradientRows / 2)
        let kept = try parse("pgd:epsilon=0.3,steps=40,start=none,keep=last").craft(
            against: parityNetwork(), images: images)
        #expect(kept.gradients.allSatisfy { $0 == 40 } && kept.queries.allSatisfy { $0 == 41 })
    }

    @Test func restartsFindMore() throws {
        let model = parityNetwork(batchSize: 64)
        let images = try seenImages(model, count: 200)
        func successes(_ restarts: Int) throws -> [Bool] {
            try parse("pgd:epsilon=0.06,steps=2,step=0.02,restarts=\(restarts)").craft(
                against: model, images: images
            ).statuses.map { $0 == .success }
        }
        let (one, ten) = (try successes(1), try successes(10))
        #expect(zip(one, ten).allSatisfy { !$0 || $1 })
        #expect(ten.count { $0 } > one.count { $0 })
    }

    @Test func misclassifiedRowsStayCleanAndAreSaidToBe() throws {
        let model = parityNetwork()
        let seen = try seenImages(model, count: 12)
        let labels = seen.labels.enumerated().map { $0 % 3 == 0 ? ($1 + 1) % 5 : $1 }
        let images = try labelled(
            seen.images.floats(), shape: [1, 6, 6], labels: labels, classCount: 5)
        for start in ["random", "none"] {
            let result = try parse("pgd:epsilon=0.1,start=\(start)").craft(
                against: model, images: images)
            for row in 0..<12 {
                #expect((result.statuses[row] == .alreadyMisclassified) == (row % 3 == 0))
                #expect((result.distances[row] == 0) == (row % 3 == 0))
                #expect(row % 3 != 0 || result.margins[row] < 0)
            }
        }
    }

    @Test func imagesOutsideTheBoxAndForeignShapesAreRefused() throws {
        let model = parityNetwork()
        for bad in [Float.nan, -0.1, 1.5] {
            let images = try labelled(
                [Float](repeating: 0.5, count: 35) + [bad], shape: [1, 6, 6], labels: [0],
                classCount: 5)
            #expect(throws: RobustnessError.self) {
                try parse("fgsm:epsilon=0.1").craft(against: model, images: images)
            }
        }
        let other = try seenImages(linearModel(pixels: 10, classCount: 3), count: 1)
        let error = #expect(throws: RobustnessError.self) {
            try parse("fgsm:epsilon=0.1").craft(against: model, images: other)
        }
        #expect(error?.description.contains("(1, 6, 6)") == true)
    }

    @Test func aStopIsHeeded() throws {
        let model = parityNetwork()
        let images = try seenImages(model, count: 40)
        let error = #expect(throws: RobustnessError.self) {
            try parse("pgd:epsilon=0.1").craft(
                against: model, images: images, rowIDs: Array(0..<40)
            ) { $0.finishedRows < 10 }
        }
        #expect(error?.kind == .stopped)
    }

    @Test func anEmptySetGivesAnEmptyResult() throws {
        let images = try labelled([], shape: [1, 6, 6], labels: [], classCount: 5)
        let result = try parse("pgd:epsilon=0.1").craft(against: parityNetwork(), images: images)
        #expect(result.count == 0)
    }
}
