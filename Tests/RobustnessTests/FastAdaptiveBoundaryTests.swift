// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct FastAdaptiveBoundaryTests {
    private func parse(_ text: String) throws -> any Attack { try AttackSpecification.parse(text) }

    @Test(arguments: [(Norm.linf, 0), (.l2, 1), (.l1, 2)])
    func projectionsAreTheOptimaScipyFound(norm: Norm, place: Int) throws {
        let numbers = try recorded("autoattack-projection")
        let (cases, size) = (48, 12)
        let (normals, gaps) = (cases * size, 2 * cases * size)
        for row in 0..<cases {
            let point = Array(numbers[(row * size)..<((row + 1) * size)])
            let normal = Array(numbers[(normals + row * size)..<(normals + (row + 1) * size)])
            let gap = Double(numbers[gaps + row])
            let optimum = Double(numbers[gaps + cases * (1 + place) + row])
            var change = [Float](repeating: .nan, count: size)
            let length = normal.withUnsafeBufferPointer {
                FastAdaptiveBoundaryProjection(
                    norm: norm, normal: $0.baseAddress.unsafelyUnwrapped, count: size
                ).write(from: point, gap: gap, into: &change)
            }
            let reached = zip(change, normal).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            #expect(abs(reached - gap) < 1e-5)
            #expect(zip(change, point).allSatisfy { (-1e-7...1.0000001).contains($0 + $1) })
            #expect(abs(length - optimum) < 1e-5 * max(optimum, 1))
        }
    }

    @Test(arguments: [Norm.linf, .l2, .l1])
    func aPlaneOutsideTheBoxIsApproachedToTheCorner(norm: Norm) {
        let (normal, point): ([Float], [Float]) = ([2, -1, 0, 0.5], [0.25, 0.75, 0.5, 1])
        var change = [Float](repeating: .nan, count: 4)
        normal.withUnsafeBufferPointer {
            let plane = FastAdaptiveBoundaryProjection(
                norm: norm, normal: $0.baseAddress.unsafelyUnwrapped, count: 4)
            _ = plane.write(from: point, gap: 100, into: &change)
            #expect(change == [0.75, -0.75, 0, 0])
            _ = plane.write(from: point, gap: -100, into: &change)
            #expect(change == [-0.25, 0.25, 0, -1])
        }
    }

    @Test func aZeroNormalMovesNothing() {
        let normal = [Float](repeating: 0, count: 9)
        var change = [Float](repeating: .nan, count: 9)
        for norm in [Norm.linf, .l2, .l1] {
            normal.withUnsafeBufferPointer {
                _ = FastAdaptiveBoundaryProjection(
                    norm: norm, normal: $0.baseAddress.unsafelyUnwrapped, count: 9
                ).write(from: normal, gap: 1, into: &change)
            }
            #expect(change == normal)
        }
    }

    /// The distance of a linear model's nearest boundary where the box is out of reach.
    private func exactDistance(_ model: AnalyticModel, _ image: [Float], label: Int, norm: Norm)
        -> Double
    {
        let (pixels, weight) = (image.count, model.first.weight)
        let logits = (0..<model.classCount).map { row in
            (0..<pixels).reduce(Double(model.first.bias[row])) {
                $0 + Double(weight[row * pixels + $1]) * Double(image[$1])
            }
        }
        return (0..<model.classCount).filter { $0 != label }.map { rival in
            let normal = (0..<pixels).map {
                Double(weight[rival * pixels + $0]) - Double(weight[label * pixels + $0])
            }
            let dual =
                switch norm {
                case .l2: normal.reduce(0) { $0 + $1 * $1 }.squareRoot()
                case .l1: normal.reduce(0) { max($0, abs($1)) }
                default: normal.reduce(0) { $0 + abs($1) }
                }
            return (logits[label] - logits[rival]) / dual
        }.min() ?? .nan
    }

    @Test(arguments: ["fab", "fab-t"], [Norm.linf, .l2, .l1])
    func linearModelsAreCrossedAtTheirExactDistance(name: String, norm: Norm) throws {
        let model = linearModel(pixels: 50, classCount: 5)
        let images = try seenImages(model, count: 20, lower: 0.3, upper: 0.7)
        let clean = try images.images.floats()
        let attack = try parse("\(name):norm=\(norm.rawValue)")
        let result = try attack.craft(against: model, images: images)
        #expect(attack.threatModel.epsilon == nil)
        for row in 0..<20 {
            let image = Array(clean[(row * 50)..<(row * 50 + 50)])
            let exact = exactDistance(model, image, label: images.labels[row], norm: norm)
            // An l1 step of that size could reach the box with the one pixel it moves.
            guard norm != .l1 || exact < 0.3 else { continue }
            #expect(result.statuses[row] == .success)
            let ratio = result.distances[row] / exact
            #expect((0.9999...1.01).contains(ratio), "row \(row): \(ratio)")
        }
    }

    @Test(arguments: [("fab-t:epsilon=0.03", 3), ("fab-t:norm=l2,epsilon=0.13", 8)])
    func accuracyIsTorchattacksWithinAPoint(text: String, peer: Int) throws {
        let images = try digitsImages()
        let theirs = try recordedBytes("autoattack-broken")[(peer * 200)..<(peer * 200 + 200)]
        let expected = theirs.count { $0 == 1 }
        let found = try brokenRows(text, images: images).count
        #expect(abs(found - expected) <= 2, "\(found) broken, torchattacks broke \(expected)")
    }

    @Test(arguments: [("fab:norm=linf,search=0", 0), ("fab:norm=l2,search=0", 1)])
    func smallestChangesAreAsSmallAsTorchattacks(text: String, place: Int) throws {
        let images = try digitsImages(100)
        let theirs = try recorded("autoattack-fab")[(place * 200)..<(place * 200 + 100)]
        let result = try parse(text).craft(against: digitsNetwork(), images: images)
        var (ours, expected) = (0.0, 0.0)
        for (row, distance) in theirs.enumerated() where result.statuses[row] == .success {
            ours += result.distances[row]
            expected += Double(distance)
        }
        #expect(abs(ours / expected - 1) < 0.005, "mean distance \(ours) against \(expected)")
        let searched = try parse(text.replacing("search=0", with: "search=3")).craft(
            against: digitsNetwork(), images: images)
        for row in 0..<100 where result.statuses[row] == .success {
            #expect(searched.distances[row] <= result.distances[row])
        }
        #expect(searched.distances.reduce(0, +) < 0.998 * ours)
    }

    @Test func withABudgetOnlyExamplesInsideTheBallCount() throws {
        let images = try digitsImages(60)
        let free = try parse("fab-t:norm=l2").craft(against: digitsNetwork(), images: images)
        let bounded = try parse("fab-t:norm=l2,epsilon=0.13").craft(
            against: digitsNetwork(), images: images)
        for row in 0..<60 where free.statuses[row] == .success {
            // Those the free search brings clearly inside are found, those clearly outside are not.
            if free.distances[row] < 0.129 { #expect(bounded.statuses[row] == .success) }
            if free.distances[row] > 0.132 { #expect(bounded.statuses[row] == .failed) }
            #expect(bounded.distances[row] <= 0.13)
            if bounded.statuses[row] == .failed { #expect(bounded.distances[row] == 0) }
        }
        #expect(bounded.count(of: .failed) > 10)
        #expect(bounded.gradients.reduce(0, +) < free.gradients.reduce(0, +))
    }

    @Test func examplesLieFarEnoughBeyondTheBoundaryToSurviveRounding() throws {
        let images = try digitsImages(60)
        let result = try parse("fab:norm=linf").craft(against: digitsNetwork(), images: images)
        for row in 0..<60 where result.statuses[row] == .success {
            #expect(result.margins[row] < -1e-5)
        }
    }

    @Test(arguments: ["fab:norm=l2,steps=10,restarts=2", "fab-t:steps=10,targets=3,epsilon=0.02"])
    func examplesDoNotDependOnTheBatchSize(text: String) throws {
        let images = try digitsImages(23)
        let alone = try parse(text).craft(against: digitsNetwork(batchSize: 1), images: images)
        let result = try parse(text).craft(against: digitsNetwork(batchSize: 7), images: images)
        #expect(result.adversarial == alone.adversarial)
        #expect(result.queries == alone.queries && result.gradients == alone.gradients)
        #expect(try result.adversarial.floats().allSatisfy { (0...1).contains($0) })
    }

    @Test(arguments: [
        ("fab:keep=first", "no epsilon"), ("fab:epsilon=0", "above zero"),
        ("fab:epsilon=2", "at most 1"), ("fab:beta=1", "below 1"),
        ("fab-t:norm=l0", "linf, l2, l1"),
        ("fab:overshoot=0.9", "at least 1"), ("fab:targets=3", "no key 'targets'"),
    ])
    func mistakesAreNamed(text: String, mention: String) {
        let error = #expect(throws: RobustnessError.self) { try parse(text) }
        #expect(error?.description.contains(mention) == true)
    }
}
