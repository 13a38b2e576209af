// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Robustness

@Suite struct CorruptionTests {
    /// Plane `index` of what Fixtures/robustness/make_corruptions.py recorded from scipy.
    private func plane(_ index: Int) throws -> CorruptionRaster {
        let values = try recorded("corruptions")[(index * 784)..<((index + 1) * 784)]
        return CorruptionRaster(
            channels: 1, height: 28, width: 28, values: values.map(Double.init))
    }

    private func colour() throws -> CorruptionRaster {
        let (grey, other) = (try plane(0).values, try plane(3).values)
        var values: [Double] = []
        for channel in 0..<3 {
            for y in 0..<32 {
                for x in 0..<32 {
                    let place = min(y, 27) * 28 + min(x, 27)
                    values.append([grey[place], other[place], 0.5 * grey[place]][channel])
                }
            }
        }
        return CorruptionRaster(channels: 3, height: 32, width: 32, values: values)
    }

    private func stream(_ row: Int = 0) -> RandomStream {
        RandomStream(seed: 1, purpose: .test, row: UInt64(row))
    }

    private func corrupt(
        _ kind: CorruptionKind, _ image: CorruptionRaster, _ severity: Int, row: Int = 0
    ) -> CorruptionRaster {
        var stream = stream(row)
        return kind.corrupt(image, severity: severity, stream: &stream)
    }

    private func distance(_ left: CorruptionRaster, _ right: CorruptionRaster) -> Double {
        zip(left.values, right.values).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
    }

    @Test func blursWarpsAndQuantisationAreThoseOfScipy() throws {
        let image = try plane(0)
        let taps = (0..<25).map { ($0 / 5 - 2, $0 % 5 - 2, 1.0 / 25) }
        let (sine, cosine) = (sin(0.6), cos(0.6))
        let pairs = [
            (image.blurred(0.7), 1), (image.blurred(1.3), 2),
            (image.transformed(cosine, sine, -sine, cosine, border: .black), 3),
            (image.transformed(1 / 0.7, 0, 0, 1 / 0.7, border: .black), 4),
            (image.filtered(taps, border: .mirror), 5),
            (image.quantised(by: JPEGTable.luma(quality: 10)), 6),
        ]
        for (found, index) in pairs {
            expectClose(
                found.values.map(Float.init), try plane(index).values.map(Float.init),
                absolute: 1e-6)
        }
    }

    @Test(arguments: CorruptionKind.allCases)
    func everyKindWorksForGreyAndColour(kind: CorruptionKind) throws {
        for image in [try plane(0), try colour()] {
            for severity in 1...5 {
                let first = corrupt(kind, image, severity)
                #expect(first.values.count == image.values.count)
                #expect(first.values.allSatisfy { (0...1).contains($0) })
                // On the lattice of 8 bits.
                #expect(first.values.allSatisfy { abs($0 * 255 - ($0 * 255).rounded()) < 1e-9 })
                // The same stream gives the same image.
                #expect(corrupt(kind, image, severity).values == first.values)
            }
            #expect(distance(corrupt(kind, image, 5), image) > 0.3)
        }
    }

    @Test(arguments: CorruptionKind.allCases)
    func higherSeveritiesAreFartherAway(kind: CorruptionKind) throws {
        // Four kinds of MNIST-C have one strength. What some others change is not their size: a blur
        // and more swaps, or where a regular picture is when it has moved.
        let flat: [CorruptionKind] = [.stripe, .dottedLine, .zigzag, .cannyEdges]
        let uneven: [CorruptionKind] = [
            .elasticTransform, .spatter, .snow, .scale, .translate, .glassBlur, .pixelate,
        ]
        guard !uneven.contains(kind) else { return }
        for image in [try plane(0), try colour()] {
            let sizes = [1, 3, 5].map { severity in
                (0..<8).map { distance(corrupt(kind, image, severity, row: $0), image) }
                    .reduce(0, +) / 8
            }
            if flat.contains(kind) {
                #expect(sizes[0] == sizes[1] && sizes[1] == sizes[2])
            } else {
                #expect(sizes[0] < sizes[1] * 1.01 && sizes[0] < sizes[2])
            }
        }
    }

    @Test func noiseHasItsMoments() throws {
        let grey = CorruptionRaster(
            channels: 1, height: 100, width: 100, values: [Double](repeating: 0.5, count: 10_000))
        func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
            return (mean, (squares / Double(values.count)).squareRoot())
        }
        let gaussian = moments(corrupt(.gaussianNoise, grey, 2).values)
        #expect(abs(gaussian.mean - 0.5) < 0.01 && abs(gaussian.deviation - 0.12) < 0.01)
        let shot = moments(corrupt(.shotNoise, grey, 2).values)
        #expect(abs(shot.mean - 0.5) < 0.01)
        #expect(abs(shot.deviation - (0.5 / 25).squareRoot()) < 0.01)
        let impulse = corrupt(.impulseNoise, grey, 5).values
        #expect(abs(Double(impulse.count { $0 == 0 || $0 == 1 }) / 10_000 - 0.27) < 0.02)
        var stream = stream()
        for mean in [0.5, 4, 31, 40, 250] {
            let draws = moments((0..<4000).map { _ in stream.poisson(mean) })
            #expect(abs(draws.mean - mean) < 5 * (mean / 4000).squareRoot())
            #expect(abs(draws.deviation / mean.squareRoot() - 1) < 0.06)
        }
        #expect(stream.poisson(0) == 0)
    }

    @Test func shiftsStripesAndContrastAreExact() throws {
        let image = try plane(0)
        func levels(_ image: CorruptionRaster) -> [Double] {
            image.values.map { ($0 * 255).rounded() }
        }
        let shifted = levels(corrupt(.translate, image, 3))
        let candidates = [(3, 3), (3, -3), (-3, 3), (-3, -3)].map { down, right in
            levels(image.warped(border: .black) { ($0 + Double(down), $1 + Double(right)) })
        }
        let isShifted = candidates.contains(shifted)
        #expect(isShifted)
        let striped = corrupt(.stripe, image, 1)
        #expect(abs(striped[0, 9, 6] - (1 - image[0, 9, 6])) < 1e-6)
        #expect(abs(striped[0, 9, 7] - image[0, 9, 7]) < 1e-6)
        #expect(abs(striped[0, 9, 21] - (1 - image[0, 9, 21])) < 1e-6)
        let flat = corrupt(.contrast, image, 5)
        let span = (flat.values.max() ?? 0) - (flat.values.min() ?? 0)
        #expect(span <= 0.05 + 1.0 / 255)
        // Hue and saturation stay: the channels keep their ratios unless one is full.
        let bright = try colour().brightened(0)
        let before = try colour()
        let place = (y: 3, x: 2)
        let ratio = bright[0, place.y, place.x] / before[0, place.y, place.x]
        #expect(ratio > 1)
        #expect(abs(bright[2, place.y, place.x] / before[2, place.y, place.x] - ratio) < 1e-9)
    }

    @Test func edgesOfASquareAreItsOutline() {
        var image = CorruptionRaster(
            channels: 1, height: 28, width: 28, values: [Double](repeating: 0, count: 784))
        for y in 8..<20 { for x in 8..<20 { image[0, y, x] = 1 } }
        let edges = image.edges()
        #expect(edges[0, 14, 14] == 0 && edges[0, 2, 2] == 0)
        for place in 10..<18 {
            // The steepest place lies between two pixels; either may be the ridge.
            for side in [7, 19] {
                #expect(edges[0, place, side] + edges[0, place, side + 1] >= 1)
                #expect(edges[0, side, place] + edges[0, side + 1, place] >= 1)
            }
        }
        let share = edges.values.reduce(0, +)
        #expect(share > 30 && share < 110)
    }

    @Test func pixelsKeepTheirMeanAndJPEGItsColours() throws {
        let image = try plane(0)
        let pixelated = image.pixelated(1)
        let (before, after) = (image.values.reduce(0, +), pixelated.values.reduce(0, +))
        #expect(abs(before - after) < 1e-6 * before)
        #expect(Set(pixelated.values).count <= 14 * 14)
        let red = CorruptionRaster(
            channels: 3, height: 32, width: 32,
            values: (0..<3072).map { $0 < 1024 ? 0.8 : 0.2 })
        let found = red.jpegCompressed(0)
        #expect(zip(found.values, red.values).allSatisfy { abs($0 - $1) < 0.02 })
    }
}
