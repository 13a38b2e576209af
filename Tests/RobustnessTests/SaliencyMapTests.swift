// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Robustness

@Suite struct SaliencyMapTests {
    private func craft(
        _ text: String, _ model: AnalyticModel, _ images: LabelledImages
    ) throws -> AdversarialResult {
        try AttackSpecification.parse("jsma:" + text).craft(against: model, images: images)
    }

    /// The features whose pixels differ from the clean ones, row by row.
    private func changed(_ result: AdversarialResult) throws -> [Set<Int>] {
        let (clean, found) = (try result.clean.floats(), try result.adversarial.floats())
        let count = clean.count / result.count
        return (0..<result.count).map { row in
            Set((0..<count).filter { clean[row * count + $0] != found[row * count + $0] })
        }
    }

    @Test func logitPairsAreTheOnesTorchattacksChooses() throws {
        let model = parityNetwork()
        let images = try innerImages(model)
        let theirs = try recorded("torchattacks-jsma")
        var before = [Set<Int>](repeating: [], count: images.count)
        var compared = 0
        for step in 0..<8 {
            let result = try craft(
                "variant=z,features=\(2 * step + 2),targeted=next", model, images)
            let now = try changed(result)
            for row in 0..<images.count {
                let at = (row * 8 + step) * 2
                let expected = Set([theirs[at], theirs[at + 1]].filter { $0 >= 0 }.map(Int.init))
                #expect(now[row].subtracting(before[row]) == expected, "row \(row), step \(step)")
                compared += expected.count / 2
            }
            before = now
        }
        #expect(compared == 85)
    }

    /// The attack as the paper writes it: the full Jacobian, sums of its rows, all pairs.
    private func reference(
        _ model: AnalyticModel, image: [Float], target: Int, temperature: Double?, theta: Float,
        steps: Int
    ) throws -> Set<Int> {
        var image = image
        var open = Set(image.indices.filter { theta > 0 ? image[$0] < 1 : image[$0] > 0 })
        var chosen = Set<Int>()
        for _ in 0..<steps {
            let (logits, jacobian) = try model.jacobian(image, temperature: temperature)
            guard logits.indices.max(by: { logits[$0] < logits[$1] }) != target else { break }
            let sign = Double(theta)
            let gains = image.indices.map { index in
                let others = jacobian.indices.reduce(0.0) {
                    $0 + ($1 == target ? 0 : jacobian[$1][index])
                }
                return (sign * jacobian[target][index], -sign * others)
            }
            var best: (Int, Int, Double)?
            for p in open {
                for q in open where p < q {
                    let (raised, lowered) = (gains[p].0 + gains[q].0, gains[p].1 + gains[q].1)
                    guard raised > 0, lowered > 0, raised * lowered > best?.2 ?? 0 else { continue }
                    best = (p, q, raised * lowered)
                }
            }
            guard let best else { break }
            for index in [best.0, best.1] {
                image[index] = min(max(image[index] + theta, 0), 1)
                open.remove(index)
                chosen.insert(index)
            }
        }
        return chosen
    }

    @Test(arguments: [
        ("variant=f", 1.0, Float(1)), ("variant=f,theta=-1", 1, -1),
        ("variant=ft,temperature=7", 7, 1), ("variant=z", nil, 1), ("variant=z,theta=-1", nil, -1),
    ])
    func everyVariantIsThePapersAlgorithm(
        text: String, temperature: Double?, theta: Float
    ) throws {
        let model = parityNetwork(scale: 3)
        let images = try innerImages(model)
        let result = try craft(text + ",features=13,targeted=next", model, images)
        let changed = try changed(result)
        let pixels = try recorded("inner")
        for row in 0..<images.count {
            let expected = try reference(
                model, image: Array(pixels[(row * 36)..<(row * 36 + 36)]),
                target: (images.labels[row] + 1) % 5, temperature: temperature, theta: theta,
                steps: 6)
            #expect(changed[row] == expected, "row \(row)")
        }
        #expect(result.count(of: .success) > 5)
    }

    @Test func aSaturatedSoftmaxHidesItsGradientAndOnlyIts() throws {
        // Logits thousands apart, as a distilled network's at T = 1.
        let model = parityNetwork(scale: 3000)
        let images = try innerImages(model)
        let published = try craft("features=36,targeted=next", model, images)
        let hidden = published.count(of: .noPair)
        #expect(hidden > 12)
        #expect(published.zeroGradientRows == hidden)
        let same = try craft("features=36,targeted=next", parityNetwork(), images)
        let tempered = try craft(
            "variant=ft,temperature=3000,features=36,targeted=next", model, images)
        let logits = try craft("variant=z,features=36,targeted=next", model, images)
        #expect(tempered.statuses == same.statuses)
        #expect(try changed(tempered) == changed(same))
        #expect(tempered.count(of: .success) > 20)
        #expect(logits.count(of: .success) > 15)
        #expect(logits.zeroGradientRows == 0)
    }

    @Test func withoutAnAdmissiblePairItStopsWhereTorchattacksChangesPixelZeroForever() throws {
        // Class 1 rises with every pixel, but class 0 rises faster.
        let model = AnalyticModel(
            imageShape: [1, 1, 4], classCount: 2,
            first: ([2, 3, 2, 3, 1, 1, 1, 1], [1, 0]))
        let images = try labelled(
            [0.5, 0.5, 0.5, 0.5], shape: [1, 1, 4], labels: [0], classCount: 2)
        let result = try craft("variant=z,targeted=1", model, images)
        #expect(result.statuses == [.noPair])
        #expect(try result.adversarial.floats() == result.clean.floats())
        #expect(result.distances == [0])
        // Lowering is the way.
        let down = try craft("variant=z,theta=-1,targeted=1", model, images)
        #expect(down.statuses == [.noPair])
        let probabilities = try craft("theta=-1,targeted=1", model, images)
        #expect(try probabilities.adversarial.floats() == [0, 0, 0, 0])
        #expect(probabilities.statuses == [.noPair])
    }

    @Test func everyOtherClassIsATargetByDefault() throws {
        let model = parityNetwork()
        let images = try innerImages(model)
        let result = try craft("variant=z", model, images)
        #expect(result.count == 24 * 4)
        #expect(Set(result.rowIDs).count == 24)
        for row in 0..<24 {
            let targets = Set(result.targets[(4 * row)..<(4 * row + 4)])
            #expect(targets == Set(0..<5).subtracting([images.labels[row]]))
        }
        let attacked = try predictions(model, result.adversarial.floats())
        for row in 0..<result.count where result.statuses[row] == .success {
            #expect(attacked[row] == result.targets[row])
            #expect(result.margins[row] < 0)
        }
        #expect(result.count(of: .success) > 48)
    }

    @Test(arguments: [
        ("features=7", 6, 7), ("features=7,selection=single", 7, 7),
        ("features=14.29%", 4, 5), ("features=1", 0, 1),
    ])
    func theCapIsKept(text: String, most: Double, cap: Double) throws {
        let model = parityNetwork()
        let result = try craft(text + ",variant=z", model, innerImages(model))
        #expect(result.distances.max() == most)
        #expect(result.threatModel.norm == .l0)
        #expect(result.threatModel.epsilon?.value == cap)
    }

    @Test func rowsDoNotDependOnTheirBatch() throws {
        let images = try innerImages(parityNetwork())
        for text in ["targeted=random,seed=3", "variant=z,selection=single"] {
            let whole = try craft(text, parityNetwork(batchSize: 24), images)
            let single = try craft(text, parityNetwork(batchSize: 1), images)
            #expect(try whole.adversarial.floats() == single.adversarial.floats())
            #expect(whole.statuses == single.statuses)
        }
    }

    @Test func pixelsAtTheEndOfTheBoxAreLeftAlone() throws {
        let model = linearModel(pixels: 12, classCount: 3)
        let pixels: [Float] = (0..<12).map { $0 % 3 == 0 ? 1 : 0.25 }
        let images = try labelled(
            pixels, shape: [1, 1, 12], labels: predictions(model, pixels), classCount: 3)
        let result = try craft("theta=0.5,features=12", model, images)
        for changed in try changed(result) {
            #expect(changed.allSatisfy { $0 % 3 != 0 })
        }
        let values = Set(try result.adversarial.floats())
        #expect(values.isSubset(of: [1, 0.25, 0.75]))
        #expect(values.contains(0.75))
    }

    @Test(arguments: [
        ("variant=g", "f, ft, z"), ("variant=ft", "needs the temperature"),
        ("temperature=20", "only variant=ft"), ("variant=ft,temperature=0", "above zero"),
        ("theta=0", "without 0"), ("theta=-2", "from -1 to 1"), ("features=0", "from 1"),
        ("features=120%", "up to 100%"), ("targeted=none", "all, next"),
        ("selection=triples", "pairs, single"),
    ])
    func mistakesAreNamed(text: String, mention: String) {
        let error = #expect(throws: RobustnessError.self) {
            try AttackSpecification.parse("jsma:" + text)
        }
        #expect(error?.description.contains(mention) == true)
    }

    @Test func defaultsAreThePublishedSettings() throws {
        let attack = try AttackSpecification.parse("jsma")
        #expect(
            attack.canonicalText
                == "jsma:variant=f,temperature=1,selection=pairs,theta=1,features=112,targeted=all,lattice=none,seed=0"
        )
        #expect(attack.threatModel.description == "l0 112")
        let share = FeatureCap.self
        let arguments = try AttackArguments(
            attack: "jsma", keys: SaliencyMapAttack.keys, text: "features=14.29%")
        #expect(
            try share.init(arguments: arguments, key: "features", default: "1").count(of: 784)
                == 112)
        let other = try AttackSpecification.parse("jsma:variant=ft,temperature=40,theta=-1/2")
        #expect(try AttackSpecification.parse(other.canonicalText).json == other.json)
    }
}

extension AnalyticModel {
    /// Logits and the derivatives (classes, pixels) of softmax(z / T), or of the logits without a
    /// temperature, summed in double precision.
    fileprivate func jacobian(
        _ image: [Float], temperature: Double?
    ) throws -> (logits: [Float], rows: [[Double]]) {
        var logits = [Float](repeating: 0, count: classCount)
        var gradients = [Float](repeating: 0, count: classCount * image.count)
        try image.withUnsafeBufferPointer { image in
            try logits.withUnsafeMutableBufferPointer { logits in
                try gradients.withUnsafeMutableBufferPointer { gradients in
                    try inputGradients(
                        of: image, count: 1, seedCount: classCount, into: gradients, logits: logits
                    ) { index, _, seed in
                        seed.update(repeating: 0)
                        seed[index] = 1
                    }
                }
            }
        }
        let rows = (0..<classCount).map { label in
            gradients[(label * image.count)..<((label + 1) * image.count)].map(Double.init)
        }
        guard let temperature else { return (logits, rows) }
        let largest = Double(logits.max()!)
        let weights = logits.map { exp((Double($0) - largest) / temperature) }
        let sum = weights.reduce(0, +)
        let probabilities = weights.map { $0 / sum }
        let mean = image.indices.map { index in
            (0..<classCount).reduce(0.0) { $0 + probabilities[$1] * rows[$1][index] }
        }
        return (
            logits,
            (0..<classCount).map { label in
                image.indices.map {
                    probabilities[label] * (rows[label][$0] - mean[$0]) / temperature
                }
            }
        )
    }
}
