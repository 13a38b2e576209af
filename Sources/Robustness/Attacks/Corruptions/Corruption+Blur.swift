// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension CorruptionRaster {
    /// A point becomes a disc, softened at its rim.
    func outOfFocus(_ level: Int) -> CorruptionRaster {
        let (radius, softness): (Double, Double) = strength(
            level, grey: [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
            colour: [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)])
        let reach = Int(radius.rounded(.up)) + 1
        let side = 2 * reach + 1
        var disc = CorruptionRaster(
            channels: 1, height: side, width: side,
            values: [Double](repeating: 0, count: side * side))
        for y in -reach...reach {
            for x in -reach...reach where Double(y * y + x * x) <= radius * radius {
                disc[0, y + reach, x + reach] = 1
            }
        }
        let neighbour = exp(-0.5 / (softness * softness))
        let line = [-1, 0, 1].map { ($0, ($0 == 0 ? 1 : neighbour) / (1 + 2 * neighbour)) }
        disc = disc.filtered(line.map { ($0, 0, $1) }, border: .black)
            .filtered(line.map { (0, $0, $1) }, border: .black)
        let sum = disc.values.reduce(0, +)
        let taps = disc.values.enumerated().filter { $0.element > 1e-9 }.map {
            ($0.offset / side - reach, $0.offset % side - reach, $0.element / sum)
        }
        return filtered(taps, border: .mirror)
    }

    /// Neighbouring pixels change places between two blurs.
    func behindGlass(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let (deviation, reach, rounds): (Double, Int, Int) = strength(
            level, grey: [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
            colour: [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)])
        var result = blurred(deviation)
        guard height > 2 * reach, width > 2 * reach else { return result }
        for _ in 0..<rounds {
            for y in stride(from: height - reach - 1, through: reach, by: -1) {
                for x in stride(from: width - reach - 1, through: reach, by: -1) {
                    // MNIST-C leaves half of the pixels where they are.
                    if channels != 3, stream.uniform() < 0.5 { continue }
                    let down = y + stream.integer(below: 2 * reach) - reach
                    let right = x + stream.integer(below: 2 * reach) - reach
                    for channel in 0..<channels {
                        let kept = result[channel, y, x]
                        result[channel, y, x] = result[channel, down, right]
                        result[channel, down, right] = kept
                    }
                }
            }
        }
        return result.blurred(deviation)
    }

    /// The camera moves within 45 degrees of the horizontal.
    func moving(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let (radius, deviation): (Int, Double) = strength(
            level, grey: [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
            colour: [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)])
        let angle = Double(stream.uniform(-0.25, 0.25)) * Double.pi
        return smeared(radius: radius, deviation: deviation, angle: angle)
    }

    /// The mean of the image and of many enlargements of it.
    func zooming(_ level: Int) -> CorruptionRaster {
        let (last, step): (Double, Double) = strength(
            level, grey: [(1.10, 0.01), (1.15, 0.01), (1.20, 0.02), (1.24, 0.02), (1.30, 0.03)],
            colour: [(1.05, 0.01), (1.10, 0.01), (1.15, 0.01), (1.20, 0.01), (1.25, 0.01)])
        let count = Int(((last - 1) / step).rounded()) + 1
        var sum = values
        for index in 0..<count {
            let zoomed = zoomed(1 + step * Double(index))
            for position in sum.indices { sum[position] += zoomed.values[position] }
        }
        var result = self
        result.values = sum.map { $0 / Double(count + 1) }
        return result
    }
}
