// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What baseline JPEG does to an image (ITU-T T.81): the colours are turned into luma and chroma, the
/// chroma halved, blocks of 8 x 8 transformed by the discrete cosine transform and rounded to the
/// multiples of a table. The coding that follows loses nothing and is left out.
extension CorruptionRaster {
    func jpegCompressed(_ level: Int) -> CorruptionRaster {
        let quality = strength(level, grey: [25, 18, 15, 10, 7], colour: [80, 65, 58, 50, 40])
        return channels == 3
            ? colourJPEG(quality: quality)
            : mappingChannels { $0.quantised(by: JPEGTable.luma(quality: quality)) }
    }

    private func mappingChannels(_ body: (CorruptionRaster) -> CorruptionRaster) -> CorruptionRaster
    {
        var result = self
        for channel in 0..<channels {
            let plane = body(plane(channel))
            result.values.replaceSubrange(
                (channel * area)..<((channel + 1) * area), with: plane.values)
        }
        return result
    }

    private func plane(_ channel: Int) -> CorruptionRaster {
        CorruptionRaster(
            channels: 1, height: height, width: width,
            values: Array(values[(channel * area)..<((channel + 1) * area)]))
    }

    private func colourJPEG(quality: Int) -> CorruptionRaster {
        let luma = luma
        let table = JPEGTable.chroma(quality: quality)
        var (blue, red) = (luma, luma)
        for index in 0..<area {
            blue.values[index] = 0.5 + (values[2 * area + index] - luma.values[index]) / 1.772
            red.values[index] = 0.5 + (values[index] - luma.values[index]) / 1.402
        }
        let grey = luma.quantised(by: JPEGTable.luma(quality: quality))
        blue = blue.halved().quantised(by: table).doubled(height: height, width: width)
        red = red.halved().quantised(by: table).doubled(height: height, width: width)
        var result = self
        for index in 0..<area {
            let (y, b, r) = (grey.values[index], blue.values[index] - 0.5, red.values[index] - 0.5)
            result.values[index] = y + 1.402 * r
            result.values[area + index] = y - 0.344136 * b - 0.714136 * r
            result.values[2 * area + index] = y + 1.772 * b
        }
        return result
    }

    /// Every 2 x 2 pixels become their mean; the last row and column repeat where one is missing.
    private func halved() -> CorruptionRaster {
        let (rows, columns) = ((height + 1) / 2, (width + 1) / 2)
        var result = CorruptionRaster(
            channels: 1, height: rows, width: columns,
            values: [Double](repeating: 0, count: rows * columns))
        for y in 0..<rows {
            for x in 0..<columns {
                let (down, right) = (min(2 * y + 1, height - 1), min(2 * x + 1, width - 1))
                result[0, y, x] =
                    (self[0, 2 * y, 2 * x] + self[0, 2 * y, right] + self[0, down, 2 * x]
                        + self[0, down, right]) / 4
            }
        }
        return result
    }

    private func doubled(height: Int, width: Int) -> CorruptionRaster {
        var result = CorruptionRaster(
            channels: 1, height: height, width: width,
            values: [Double](repeating: 0, count: height * width))
        for y in 0..<height {
            for x in 0..<width {
                result[0, y, x] = sample(
                    0, (Double(y) - 0.5) / 2, (Double(x) - 0.5) / 2, border: .nearest)
            }
        }
        return result
    }

    /// Transforms, rounds and transforms back every block; the edge goes on to fill the last ones.
    func quantised(by table: [Double]) -> CorruptionRaster {
        var result = self
        for top in stride(from: 0, to: height, by: 8) {
            for left in stride(from: 0, to: width, by: 8) {
                var block = [Double](repeating: 0, count: 64)
                for index in 0..<64 {
                    let (y, x) = (
                        min(top + index / 8, height - 1), min(left + index % 8, width - 1)
                    )
                    block[index] = (self[0, y, x] * 255).rounded() - 128
                }
                var waves = JPEGTable.transformed(block, forward: true)
                for index in 0..<64 {
                    waves[index] = (waves[index] / table[index]).rounded() * table[index]
                }
                block = JPEGTable.transformed(waves, forward: false)
                for index in 0..<64 where top + index / 8 < height && left + index % 8 < width {
                    let value = min(max((block[index] + 128).rounded(), 0), 255)
                    result[0, top + index / 8, left + index % 8] = value / 255
                }
            }
        }
        return result
    }
}

/// The tables of T.81, annex K, and the cosine transform.
enum JPEGTable {
    static func luma(quality: Int) -> [Double] { scaled(lumaBase, quality: quality) }

    static func chroma(quality: Int) -> [Double] { scaled(chromaBase, quality: quality) }

    /// As the Independent JPEG Group's library scales them.
    private static func scaled(_ base: [Int], quality: Int) -> [Double] {
        let percent = quality < 50 ? 5000 / quality : 200 - 2 * quality
        return base.map { Double(min(max(($0 * percent + 50) / 100, 1), 255)) }
    }

    /// The orthonormal transform of 8 x 8 values, or its inverse.
    static func transformed(_ block: [Double], forward: Bool) -> [Double] {
        var (rows, result) = (block, block)
        for line in 0..<8 {
            for out in 0..<8 {
                var sum = 0.0
                for index in 0..<8 {
                    sum += block[line * 8 + index] * wave(out, index, forward)
                }
                rows[line * 8 + out] = sum
            }
        }
        for line in 0..<8 {
            for out in 0..<8 {
                var sum = 0.0
                for index in 0..<8 { sum += rows[index * 8 + line] * wave(out, index, forward) }
                result[out * 8 + line] = sum
            }
        }
        return result
    }

    private static func wave(_ out: Int, _ index: Int, _ forward: Bool) -> Double {
        forward ? waves[out * 8 + index] : waves[index * 8 + out]
    }

    /// Row k is cos((2 n + 1) k pi / 16), scaled to length 1.
    private static let waves: [Double] = (0..<64).map { place in
        let (frequency, sample) = (Double(place / 8), Double(place % 8))
        let scale = place < 8 ? (1.0 / 8).squareRoot() : 0.5
        return scale * cos((2 * sample + 1) * frequency * Double.pi / 16)
    }

    private static let lumaBase = [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69,
        56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81,
        104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]

    private static let chromaBase = [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99,
        99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    ]
}
