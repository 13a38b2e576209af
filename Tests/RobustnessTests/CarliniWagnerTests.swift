// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct CarliniWagnerTests {
    /// The settings of Fixtures/robustness/make_minimal.py.
    private let peerSettings = "steps=200,search=6,learning-rate=0.02,c=0.01"

    private func craft(
        _ text: String, _ model: AnalyticModel, _ images: LabelledImages
    ) throws -> AdversarialResult {
        try AttackSpecification.parse("cw:" + text).craft(against: model, images: images)
    }

    @Test(arguments: [
        ("", "foolbox-cw"), (",targeted=next", "foolbox-cw-next"),
        (",kappa=0.5", "foolbox-cw-kappa"),
    ])
    func changesAreNoLargerThanFoolboxs(text: String, peer: String) throws {
        let model = parityNetwork(batchSize: 24)
        let images = try innerImages(model)
        let result = try craft(peerSettings + text, model, images)
        let theirs = try recorded(peer).map(Double.init)
        #expect(result.count(of: .success) == 24)
        #expect(result.meanDistance <= 1.002 * theirs.reduce(0, +) / 24)
        for (ours, other) in zip(result.distances, theirs) { #expect(ours < 1.05 * other) }
        if text.contains("kappa") { #expect(result.margins.allSatisfy { $0 <= -0.5 }) }
        if text.contains("next") {
            let seen = try predictions(model, result.adversarial.floats())
            #expect(seen == images.labels.map { ($0 + 1) % 5 })
        }
    }

    @Test(arguments: [
        ("l2", "steps=300,search=8,c=0.01", 0.1, 0.02),
        ("linf", "c=0.01", 0.5 / 7, 0.12),
    ])
    func aPlaneIsReachedAtItsDistance(
        norm: String, settings: String, distance: Double, tolerance: Double
    ) throws {
        let model = halfSpace([3, 4, 0], offset: 4)
        let images = try labelled([0.5, 0.5, 0.5], shape: [1, 1, 3], labels: [0], classCount: 2)
        let result = try craft("norm=\(norm),\(settings)", model, images)
        #expect(result.statuses == [.success])
        #expect(result.distances[0] >= distance)
        #expect(result.distances[0] < distance * (1 + tolerance))
    }

    @Test func l0ChangesNoMoreValuesThanItMust() throws {
        var stream = RandomStream(seed: 5, purpose: .test)
        for _ in 0..<4 {
            let direction = (0..<16).map { _ in stream.normal() }
            let pixels = (0..<16).map { _ in stream.uniform() }
            let score = zip(direction, pixels).reduce(Float(0)) { $0 + $1.0 * $1.1 }
            let model = halfSpace(direction, offset: score + 1.5)
            let images = try labelled(pixels, shape: [1, 1, 16], labels: [0], classCount: 2)
            // What each value can add, the largest first, until the plane is crossed.
            let gains = zip(direction, pixels).map { max($0 * (1 - $1), -$0 * $1) }.sorted(by: >)
            var (needed, sum) = (0, Float(0))
            while sum <= 1.5, needed < 16 {
                sum += gains[needed]
                needed += 1
            }
            let result = try craft("norm=l0,steps=300,learning-rate=0.05", model, images)
            #expect(result.statuses == [.success])
            #expect(result.distances[0] >= Double(needed))
            #expect(result.distances[0] <= Double(needed + 1))
        }
    }

    @Test func pixelsAtTheEndsOfTheBoxMove() throws {
        // torchattacks' C&W cannot move any of these.
        let model = halfSpace([1, -1, 1, -1], offset: 1)
        let images = try labelled([0, 1, 0, 1], shape: [1, 1, 4], labels: [0], classCount: 2)
        let result = try craft("steps=400,search=8,learning-rate=0.1", model, images)
        #expect(result.statuses == [.success])
        // The nearest point of the plane is 0.75 away in each.
        #expect(abs(result.distances[0] - 1.5) < 0.03)
        for (value, clean) in zip(try result.adversarial.floats(), [0, 1, 0, 1]) {
            #expect(abs(abs(value - Float(clean)) - 0.75) < 0.05)
        }
    }

    @Test func negativeLogitsAreLogitsLikeAnyOthers() throws {
        // A rival found by adding a large negative number to the label fails below it.
        let plain = parityNetwork()
        let (weight, bias) = try #require(plain.second)
        let shifted = AnalyticModel(
            imageShape: [1, 6, 6], classCount: 5, first: plain.first,
            second: (weight, bias.map { $0 - 64 }))
        let images = try innerImages(plain)
        let (ours, theirs) = (
            try craft(peerSettings, plain, images), try craft(peerSettings, shifted, images)
        )
        #expect(theirs.count(of: .success) == 24)
        #expect(abs(ours.meanDistance - theirs.meanDistance) < 0.01 * ours.meanDistance)
    }

    @Test(arguments: ["l2", "l0", "linf"])
    func rowsThatFailKeepTheirImage(norm: String) throws {
        // Foolbox returns black images.
        let images = try labelled([0.25, 0.5], shape: [1, 1, 2], labels: [0], classCount: 2)
        let result = try craft(
            "norm=\(norm),steps=20,search=3", halfSpace([0, 0], offset: 1), images)
        #expect(result.statuses == [.failed])
        #expect(try result.adversarial.floats() == [0.25, 0.5])
        #expect(result.distances == [0])
    }

    @Test func stepsThatGainNothingAreSaved() throws {
        let model = parityNetwork()
        let images = try innerImages(model)
        let whole = try craft(peerSettings + ",abort-early=false", model, images)
        #expect(whole.gradients.allSatisfy { $0 == 200 * 6 })
        let early = try craft(peerSettings, model, images)
        #expect(early.gradients.allSatisfy { $0 < 200 * 6 })
        #expect(early.meanDistance < 1.005 * whole.meanDistance)
    }

    @Test(arguments: ["l2", "l0", "linf"])
    func rowsDoNotDependOnTheirBatch(norm: String) throws {
        let settings = "norm=\(norm),steps=60,search=5,learning-rate=0.05,c=0.1"
        let images = try innerImages(parityNetwork())
        let whole = try craft(settings, parityNetwork(batchSize: 24), images)
        let single = try craft(settings, parityNetwork(batchSize: 5), images)
        #expect(try whole.adversarial.floats() == single.adversarial.floats())
        #expect(whole.count(of: .success) == 24)
        #expect(whole.threatModel.description == "minimal \(norm)")
        for row in 0..<24 { #expect(whole.margins[row] < 0) }
    }

    @Test func eightExponentialsAreThoseOfTheLibrary() {
        for start in stride(from: Float(-79), through: 79, by: 0.73) {
            let powers = SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7) * 0.11 + start
            let found = exponential(powers)
            for lane in 0..<8 {
                let expected = exp(Double(powers[lane]))
                #expect(abs(Double(found[lane]) - expected) < 2e-7 * expected)
            }
        }
        #expect(exponential(SIMD8(repeating: 1000))[0].isFinite)
        #expect(exponential(SIMD8(repeating: -1000))[0] > 0)
    }

    @Test func defaultsAreTheAuthors() throws {
        #expect(
            try AttackSpecification.parse("cw").canonicalText
                == "cw:norm=l2,steps=10000,learning-rate=0.01,search=9,c=0.001,kappa=0,abort-early=true,targeted=none,lattice=none,seed=0"
        )
        #expect(
            try AttackSpecification.parse("cw:norm=linf").canonicalText
                == "cw:norm=linf,steps=1000,learning-rate=0.005,search=21,c=0.00001,kappa=0,abort-early=true,targeted=none,lattice=none,seed=0"
        )
    }

    @Test(arguments: [
        ("norm=l1", "l2, l0, linf"), ("c=0", "above zero"), ("learning-rate=0", "above zero"),
        ("abort-early=yes", "true, false"), ("search=0", "from 1"),
    ])
    func mistakesAreNamed(text: String, mention: String) {
        let error = #expect(throws: RobustnessError.self) {
            try AttackSpecification.parse("cw:" + text)
        }
        #expect(error?.description.contains(mention) == true)
    }
}
