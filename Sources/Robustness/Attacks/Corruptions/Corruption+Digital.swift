// SPDX-License-Identifier: Apache-2.0

import Glibc

extension CorruptionRaster {
    /// More value at the same hue and saturation.
    func brightened(_ level: Int) -> CorruptionRaster {
        let more: Double = strength(
            level, grey: [0.1, 0.2, 0.3, 0.4, 0.5], colour: [0.05, 0.1, 0.15, 0.2, 0.3])
        var result = self
        for index in 0..<area {
            let pixel = (0..<channels).map { values[$0 * area + index] }
            let value = pixel.max() ?? 0
            let brighter = min(value + more, 1)
            for channel in 0..<channels {
                result.values[channel * area + index] =
                    value > 0 ? pixel[channel] * brighter / value : brighter
            }
        }
        return result
    }

    func withContrast(_ level: Int) -> CorruptionRaster {
        let kept: Double = strength(
            level, grey: [0.4, 0.3, 0.2, 0.1, 0.05], colour: [0.75, 0.5, 0.4, 0.3, 0.15])
        var result = self
        for channel in 0..<channels {
            let range = (channel * area)..<((channel + 1) * area)
            let mean = values[range].reduce(0, +) / Double(area)
            for index in range { result.values[index] = mean + kept * (values[index] - mean) }
        }
        return result
    }

    /// Fewer and larger pixels, each the mean of what it covers.
    func pixelated(_ level: Int) -> CorruptionRaster {
        let share: Double = strength(
            level, grey: [0.6, 0.5, 0.4, 0.3, 0.25], colour: [0.95, 0.9, 0.85, 0.75, 0.65])
        let rows = max(1, Int(Double(height) * share))
        let columns = max(1, Int(Double(width) * share))
        let down = Self.coverage(of: height, in: rows)
        let right = Self.coverage(of: width, in: columns)
        var result = self
        for channel in 0..<channels {
            var small = [Double](repeating: 0, count: rows * columns)
            for row in 0..<rows {
                for column in 0..<columns {
                    for (y, high) in down[row] {
                        for (x, wide) in right[column] {
                            small[row * columns + column] += high * wide * self[channel, y, x]
                        }
                    }
                }
            }
            for y in 0..<height {
                for x in 0..<width {
                    let row = (2 * y + 1) * rows / (2 * height)
                    let column = (2 * x + 1) * columns / (2 * width)
                    result[channel, y, x] = small[row * columns + column]
                }
            }
        }
        return result
    }

    /// Which of `length` pixels each of `count` equal parts covers, and how much of the part each is.
    private static func coverage(of length: Int, in count: Int) -> [[(Int, Double)]] {
        (0..<count).map { part in
            let start = Double(part * length) / Double(count)
            let end = Double((part + 1) * length) / Double(count)
            return (Int(start)..<min(length, Int(end.rounded(.up)))).map {
                let shared = min(end, Double($0 + 1)) - max(start, Double($0))
                return ($0, shared / (end - start))
            }
        }
    }
}
