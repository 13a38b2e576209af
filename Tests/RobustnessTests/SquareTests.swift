// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct SquareTests {
    private func parse(_ text: String) throws -> any Attack { try AttackSpecification.parse(text) }

    @Test(arguments: [
        (0, 0.8), (10, 0.8), (11, 0.4), (50, 0.4), (51, 0.2), (201, 0.1), (501, 0.05),
        (1001, 0.025), (2001, 0.0125), (4001, 0.00625), (6001, 0.003125), (8001, 0.0015625),
    ])
    func theShareHalvesAfterThePublishedQueries(query: Int, share: Double) {
        let schedule = SquareSchedule(share: 0.8, queries: 10_000, isRescaled: false)
        #expect(schedule.share(at: query) == share)
        let half = SquareSchedule(share: 0.8, queries: 5_000, isRescaled: true)
        #expect(half.share(at: (query + 1) / 2) == schedule.share(at: (query + 1) / 2 * 2))
    }

    @Test func windowsHaveTheAuthorsSides() {
        let schedule = SquareSchedule(share: 0.8, queries: 5_000, isRescaled: false)
        func sides(_ height: Int, _ width: Int, isOdd: Bool) -> [Int] {
            [0, 11, 51, 201, 501, 1001, 2001, 4001].map {
                schedule.side(at: $0, height: height, width: width, isOdd: isOdd)
            }
        }
        // round(sqrt(p h w)), for l2 at least 3 and odd.
        #expect(sides(28, 28, isOdd: false) == [25, 18, 13, 9, 6, 4, 3, 2])
        #expect(sides(28, 28, isOdd: true) == [25, 19, 13, 9, 7, 5, 3, 3])
        #expect(sides(32, 32, isOdd: false) == [29, 20, 14, 10, 7, 5, 4, 3])
        // Where the authors' window would be larger than the image.
        #expect(sides(4, 9, isOdd: true) == [3, 3, 3, 3, 3, 3, 3, 3])
        #expect(sides(1, 50, isOdd: true).allSatisfy { $0 == 1 })
    }

    @Test func bumpsAreAntisymmetricPairsOfUnitLength() {
        for side in [1, 2, 3, 5, 8, 25] {
            let pattern = SquareBump.pattern(side: side, isTransposed: false)
            let length = pattern.reduce(0) { $0 + Double($1) * Double($1) }
            #expect(abs(length - 1) < 1e-5)
            #expect(pattern[..<(side / 2 * side)].allSatisfy { $0 > 0 })
            #expect(pattern[(side / 2 * side)...].allSatisfy { $0 < 0 })
            let turned = SquareBump.pattern(side: side, isTransposed: true)
            for index in pattern.indices {
                #expect(turned[index % side * side + index / side] == pattern[index])
            }
        }
        // Side 3: one line of 1, 5/4... on top: rings of weight 1 and 1/4 around the centre.
        let three = SquareBump.pattern(side: 3, isTransposed: false)
        #expect(abs(three[1] / three[0] - 5) < 1e-5)
    }

    /// torchattacks gives all rows of a batch the same windows, so its search is a little weaker;
    /// none breaks more than the gradient does.
    @Test(arguments: [("square:epsilon=0.03", 4, 2), ("square:norm=l2,epsilon=0.13", 9, 7)])
    func accuracyLiesBetweenTorchattacksAndThatOfTheGradient(
        text: String, peer: Int, gradient: Int
    ) throws {
        let rows = 100
        let records = try recordedBytes("autoattack-broken")
        func broken(_ attack: Int) -> Int {
            records[(attack * 200)..<(attack * 200 + rows)].count { $0 == 1 }
        }
        let found = try brokenRows(text, images: digitsImages(rows)).count
        #expect((broken(peer) - 1...broken(gradient) + 1).contains(found))
    }

    @Test func aSaturatedModelIsBrokenAsThePlainOneIsAndNoGradientIsAsked() throws {
        let images = try digitsImages(40)
        let attack = try parse("square:epsilon=0.1,queries=500")
        let (plain, saturated) = (try digitsNetwork(), try digitsNetwork(scale: 1e4))
        let open = try attack.craft(against: plain, images: images)
        let masked = try attack.craft(against: saturated, images: images)
        #expect(open.count(of: .success) > 30)
        #expect(masked.count(of: .success) == open.count(of: .success))
        #expect(saturated.gradientRows == 0 && open.gradients.allSatisfy { $0 == 0 })
    }

    @Test(arguments: ["linf", "l2"])
    func examplesNeverLeaveTheBallAndDoNotDependOnTheBatchSize(norm: String) throws {
        let images = try digitsImages(23)
        let attack = try parse("square:norm=\(norm),epsilon=1/30,queries=60,restarts=2")
        let limit = try ExactFraction(parsing: "1/30").valueRoundedDown
        let alone = try attack.craft(against: digitsNetwork(batchSize: 1), images: images)
        let result = try attack.craft(against: digitsNetwork(batchSize: 9), images: images)
        #expect(result.adversarial == alone.adversarial)
        #expect(result.queries == alone.queries)
        #expect(result.distances.allSatisfy { $0 <= limit })
        #expect(try result.adversarial.floats().allSatisfy { (0...1).contains($0) })
        // The clean look, then at most a start and 60 windows for each restart.
        #expect(result.queries.allSatisfy { $0 <= 1 + 2 * 61 })
    }

    @Test func everyPixelCanBeChanged() throws {
        // The authors' code never draws the last line and column for windows that are smaller.
        let model = try digitsNetwork()
        let images = try labelled(
            [Float](repeating: 0.5, count: 64), shape: [1, 8, 8], labels: [0], classCount: 10)
        let ball = NormBall(norm: .linf, epsilon: try ExactFraction(parsing: "0.1"))
        let clean = try images.images.floats()
        clean.withUnsafeBufferPointer { pixels in
            let row = AttackRow(
                clean: pixels.baseAddress.unsafelyUnwrapped, count: 64, label: 0, target: nil,
                rowID: 0, classCount: model.classCount, cleanLogits: [])
            let painter = SquarePainter(
                shape: [1, 8, 8], ball: AutoPGDBall(ball, around: row))
            var stream = RandomStream(seed: 3, purpose: .test)
            var counts = [Int](repeating: 0, count: 64)
            for _ in 0..<6400 {
                var image = clean
                #expect(painter.paintWindow(&image, side: 1, stream: &stream))
                for index in 0..<64 where image[index] != 0.5 { counts[index] += 1 }
            }
            // 100 expected, standard deviation 10.
            #expect(counts.allSatisfy { (50...150).contains($0) })
        }
    }

    @Test func targetedSearchesReachTheirTargets() throws {
        let images = try digitsImages(20)
        let result = try parse("square:epsilon=0.3,targeted=next,queries=1000").craft(
            against: digitsNetwork(), images: images)
        let found = try predictions(digitsNetwork(), result.adversarial.floats())
        #expect(result.count(of: .success) > 15)
        for row in 0..<20 where result.statuses[row] == .success {
            #expect(found[row] == (images.labels[row] + 1) % 10)
        }
    }
}
