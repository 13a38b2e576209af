// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

struct AugmentationTests {
    /// A 1 x 5 x 6 image of distinct values in (0, 1).
    static let image: [Float] = (0..<30).map { Float($0 + 1) / 32 }

    private static func augmented(
        _ augmentation: Augmentation, seed: UInt64 = 3, epoch: Int = 0, row: Int = 0
    ) -> [Float] {
        var kernel = AugmentationKernel(augmentation, imageShape: [1, 5, 6])
        var pixels = image
        pixels.withUnsafeMutableBufferPointer {
            kernel.apply(to: $0.baseAddress!, seed: seed, epoch: epoch, row: row)
        }
        return pixels
    }

    private static func moved(down: Int, right: Int) -> [Float] {
        (0..<30).map { index in
            let y = index / 6 - down
            let x = index % 6 - right
            return (0..<5).contains(y) && (0..<6).contains(x) ? image[y * 6 + x] : 0
        }
    }

    @Test func cropsAreEveryWholeMoveWithinThePaddingAndNothingElse() {
        let expected = (-2...2).flatMap { down in
            (-2...2).map { Self.moved(down: down, right: $0) }
        }
        let found = Set((0..<400).map { Self.augmented(Augmentation(cropPadding: 2), row: $0) })
        #expect(found == Set(expected))
    }

    @Test func aCropFartherThanTheImageIsBlack() {
        let found = (0..<300).map { Self.augmented(Augmentation(cropPadding: 64), row: $0) }
        #expect(found.contains(Array(repeating: 0, count: 30)))
    }

    @Test func aFlipMirrorsEveryLineOfAboutHalfTheRows() {
        let mirrored = (0..<5).flatMap { y in (0..<6).map { Self.image[y * 6 + 5 - $0] } }
        let found = (0..<1000).map { Self.augmented(Augmentation(horizontalFlip: true), row: $0) }
        #expect(Set(found) == [Self.image, mirrored])
        let share = found.count { $0 == mirrored }
        // Five standard deviations of a fair coin.
        #expect((421...579).contains(share))
    }

    @Test func aShiftMovesTheCentreOfMassByFractionsOfAPixel() {
        // A spot in the middle stays inside, so its mass is kept and its centre moves as far.
        var spot = [Float](repeating: 0, count: 81)
        spot[40] = 1
        var moves: [SIMD2<Float>] = []
        for row in 0..<200 {
            var kernel = AugmentationKernel(Augmentation(shift: 2.5), imageShape: [1, 9, 9])
            var pixels = spot
            pixels.withUnsafeMutableBufferPointer {
                kernel.apply(to: $0.baseAddress!, seed: 1, epoch: 0, row: row)
            }
            #expect(abs(pixels.reduce(0, +) - 1) < 1e-5)
            let centre = pixels.enumerated().reduce(SIMD2<Float>.zero) { sum, pixel in
                sum + SIMD2(Float(pixel.offset / 9 - 4), Float(pixel.offset % 9 - 4))
                    * pixel.element
            }
            moves.append(centre)
        }
        #expect(moves.allSatisfy { abs($0.x) <= 2.5001 && abs($0.y) <= 2.5001 })
        #expect(moves.contains { abs($0.x - $0.x.rounded()) > 0.2 })
        #expect(moves.map(\.x).max()! > 2 && moves.map(\.x).min()! < -2)
        #expect(moves.map(\.y).max()! > 2 && moves.map(\.y).min()! < -2)
    }

    @Test func noiseIsNormalAndIndependent() {
        let count = 40_000
        var noise = GaussianNoise(count: count)
        var random = RandomStream(seed: 9, purpose: .test)
        noise.fill(from: &random)
        let values = noise.values.map(Double.init).sorted()
        let moments = (1...4).map { power in
            values.reduce(0) { $0 + pow($1, Double(power)) } / Double(count)
        }
        // Five standard errors each.
        #expect(abs(moments[0]) < 5 / sqrt(Double(count)))
        #expect(abs(moments[1] - 1) < 5 * sqrt(2 / Double(count)))
        #expect(abs(moments[2]) < 5 * sqrt(15 / Double(count)))
        #expect(abs(moments[3] - 3) < 5 * sqrt(96 / Double(count)))
        // Kolmogorov and Smirnov: the 0.1 % point is 1.95 / sqrt(n).
        let distance = values.enumerated().map { rank, value in
            abs((Double(rank) + 0.5) / Double(count) - 0.5 * erfc(-value / 2.0.squareRoot()))
        }.max()!
        #expect(distance < 1.95 / sqrt(Double(count)))
        let lag = zip(noise.values, noise.values.dropFirst()).reduce(0.0) {
            $0 + Double($1.0) * Double($1.1)
        }
        #expect(abs(lag / Double(count)) < 5 / sqrt(Double(count)))
        // The two halves come in pairs of one radius: they must not be correlated either.
        let half = count / 2
        let pairs = (0..<half).reduce(0.0) {
            $0 + Double(noise.values[$1]) * Double(noise.values[$1 + half])
        }
        #expect(abs(pairs / Double(half)) < 5 / sqrt(Double(half)))
    }

    @Test func noisePolynomialsAgreeWithTheLibrarys() {
        var noise = GaussianNoise(count: 4096)
        var random = RandomStream(seed: 4, purpose: .test)
        noise.fill(from: &random)
        var same = RandomStream(seed: 4, purpose: .test)
        let words = (0..<4096).map { _ in same.next() }
        let expected = (0..<4096).map { index -> Float in
            let radius = sqrt(-2 * log((Double(words[index % 2048] >> 8) + 1) * 0x1p-24))
            let angle = 2 * Double.pi * Double(words[index % 2048 + 2048]) * 0x1p-32
            return Float(radius * (index < 2048 ? cos(angle) : sin(angle)))
        }
        expectClose(Array(noise.values), expected, absolute: 2e-6, relative: 2e-6)
    }

    @Test func noisyPixelsStayInTheBox() {
        let found = Self.augmented(Augmentation(noise: 3))
        #expect(found.allSatisfy { (0...1).contains($0) })
        #expect(found.contains(0) && found.contains(1))
    }

    @Test func onlySeedEpochAndRowDecide() {
        let augmentation = Augmentation(cropPadding: 2, horizontalFlip: true, shift: 1, noise: 0.1)
        #expect(Self.augmented(augmentation) == Self.augmented(augmentation))
        #expect(Self.augmented(augmentation) != Self.augmented(augmentation, epoch: 1))
        #expect(Self.augmented(augmentation) != Self.augmented(augmentation, row: 1))
        #expect(Self.augmented(augmentation) != Self.augmented(augmentation, seed: 4))
    }

    @Test func switchingOneChangeOnDoesNotStirAnother() {
        // Same rows mirrored with and without noise: the noise is small enough to round away.
        for row in 0..<50 {
            let plain = Self.augmented(Augmentation(horizontalFlip: true), row: row)
            let noisy = Self.augmented(Augmentation(horizontalFlip: true, noise: 1e-6), row: row)
            expectClose(noisy, plain, absolute: 1e-5)
        }
    }

    @Test func jsonReadsBackAndSettingsOutOfRangeAreNamed() throws {
        let augmentation = Augmentation(cropPadding: 4, horizontalFlip: true, noise: 0.25)
        #expect(try Augmentation(json: JSON(parsing: augmentation.json.text())) == augmentation)
        #expect(throws: TrainingError("shift is -1.0, expected 0 to 64 pixels")) {
            try Augmentation(json: ["shift": -1])
        }
    }
}
