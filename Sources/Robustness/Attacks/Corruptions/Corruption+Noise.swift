// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension CorruptionRaster {
    func withGaussianNoise(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let deviation: Double = strength(
            level, grey: [0.08, 0.12, 0.18, 0.26, 0.38], colour: [0.04, 0.06, 0.08, 0.09, 0.10])
        var result = self
        for index in values.indices {
            result.values[index] += deviation * Double(stream.normal())
        }
        return result
    }

    /// Light comes in photons: a Poisson number of them, so many for a white pixel.
    func withShotNoise(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let photons: Double = strength(
            level, grey: [60, 25, 12, 5, 3], colour: [500, 250, 100, 75, 50])
        var result = self
        for index in values.indices {
            result.values[index] = stream.poisson(values[index] * photons) / photons
        }
        return result
    }

    /// Values that are lost to black or white.
    func withImpulseNoise(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let share: Float = strength(
            level, grey: [0.03, 0.06, 0.09, 0.17, 0.27], colour: [0.01, 0.02, 0.03, 0.05, 0.07])
        var result = self
        for index in values.indices where stream.uniform() < share {
            result.values[index] = stream.uniform() < 0.5 ? 0 : 1
        }
        return result
    }

    /// A landscape of n x n heights in 0...1, by the diamond-square algorithm on a torus whose side
    /// is a power of two: every point is the mean of four around it and a random part, which is
    /// divided by `decay` as the points get closer.
    static func landscape(
        side: Int, decay: Double, _ stream: inout RandomStream
    ) -> [Double] {
        var size = 2
        while size < side { size *= 2 }
        var heights = [Double](repeating: 0, count: size * size)
        func at(_ y: Int, _ x: Int) -> Int { (y & (size - 1)) * size + (x & (size - 1)) }
        var (step, amplitude) = (size, 1.0)
        while step >= 2 {
            let half = step / 2
            for y in stride(from: half, to: size, by: step) {
                for x in stride(from: half, to: size, by: step) {
                    let corners =
                        heights[at(y - half, x - half)] + heights[at(y - half, x + half)]
                        + heights[at(y + half, x - half)] + heights[at(y + half, x + half)]
                    heights[at(y, x)] =
                        corners / 4 + amplitude * Double(stream.uniform(-1, 1))
                }
            }
            for y in stride(from: 0, to: size, by: half) {
                let first = y % step == 0 ? half : 0
                for x in stride(from: first, to: size, by: step) {
                    let around =
                        heights[at(y - half, x)] + heights[at(y + half, x)]
                        + heights[at(y, x - half)] + heights[at(y, x + half)]
                    heights[at(y, x)] = around / 4 + amplitude * Double(stream.uniform(-1, 1))
                }
            }
            step = half
            amplitude /= decay
        }
        let (lowest, highest) = (heights.min() ?? 0, heights.max() ?? 1)
        let span = highest > lowest ? highest - lowest : 1
        return (0..<side * side).map {
            (heights[at($0 / side, $0 % side)] - lowest) / span
        }
    }
}

extension RandomStream {
    /// A Poisson number: a product of uniform numbers counts it where it is small, a rounded normal
    /// number comes close enough where it is large.
    mutating func poisson(_ mean: Double) -> Double {
        guard mean > 0 else { return 0 }
        guard mean < 32 else {
            return max(0, (mean + mean.squareRoot() * Double(normal())).rounded())
        }
        let limit = exp(-mean)
        var (count, product) = (-1.0, 1.0)
        repeat {
            count += 1
            // (0, 1], so that the product cannot end at zero by a single draw.
            product *= 1 - Double(uniform())
        } while product > limit
        return count
    }

    /// -1 or 1.
    mutating func sign() -> Double { uniform() < 0.5 ? -1 : 1 }
}
