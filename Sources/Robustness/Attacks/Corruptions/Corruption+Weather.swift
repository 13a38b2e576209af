// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

/// Mean and deviation of the flakes, their size, the threshold, the smear's radius and deviation, and
/// what is kept of the image.
private typealias Snowfall = (Double, Double, Double, Double, Int, Double, Double)
/// Mean and deviation of the drops, their size, the threshold and the softness of their rims.
private typealias Mudfall = (Double, Double, Double, Double, Double)

extension CorruptionRaster {
    func inFog(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let (density, decay): (Double, Double) = strength(
            level, grey: [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
            colour: [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)])
        let side = max(height, width)
        let fog = Self.landscape(side: side, decay: decay, &stream)
        let white = values.max() ?? 0
        var result = self
        for channel in 0..<channels {
            for y in 0..<height {
                for x in 0..<width {
                    let value = self[channel, y, x] + density * fog[y * side + x]
                    result[channel, y, x] = value * white / (white + density)
                }
            }
        }
        return result
    }

    /// Flakes that fall, over an image that the snow makes paler.
    func inSnow(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let snowfall: Snowfall = strength(
            level,
            grey: [
                (0.1, 0.3, 3, 0.5, 10, 4, 0.8), (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
                (0.55, 0.3, 4, 0.9, 12, 8, 0.7), (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
                (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
            ],
            colour: [
                (0.1, 0.2, 1, 0.6, 8, 3, 0.95), (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
                (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9), (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
                (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
            ])
        let (mean, deviation, size, threshold, radius, blur, kept) = snowfall
        var flakes = CorruptionRaster(like: self, channels: 1)
        for index in flakes.values.indices {
            flakes.values[index] = mean + deviation * Double(stream.normal())
        }
        flakes = flakes.zoomed(size)
        flakes.values = flakes.values.map { $0 < threshold ? 0 : min($0, 1) }
        let angle = Double(stream.uniform(-0.75, -0.25)) * Double.pi
        flakes = flakes.smeared(radius: radius, deviation: blur, angle: angle)
        let luma = luma
        var result = self
        for channel in 0..<channels {
            for index in 0..<area {
                let value = values[channel * area + index]
                let pale = max(value, luma.values[index] * 1.5 + 0.5)
                // The layer and itself upside down.
                let snow = flakes.values[index] + flakes.values[area - 1 - index]
                result.values[channel * area + index] = kept * value + (1 - kept) * pale + snow
            }
        }
        return result
    }

    /// Ice on the pane: needles along the ridges of two landscapes, in the cold tint of ice.
    func behindFrost(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let (kept, ice): (Double, Double) = strength(
            level, grey: [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
            colour: [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)])
        let side = max(height, width)
        let coarse = Self.landscape(side: side, decay: 1.6, &stream)
        let fine = Self.landscape(side: side, decay: 1.1, &stream)
        let tint = channels == 3 ? [0.85, 0.93, 1] : [Double](repeating: 1, count: channels)
        var result = self
        for channel in 0..<channels {
            for y in 0..<height {
                for x in 0..<width {
                    let place = y * side + x
                    let ridge = 1 - abs(2 * coarse[place] - 1)
                    let frost = min(1, 1.2 * ridge * ridge * (0.4 + fine[place]))
                    result[channel, y, x] =
                        kept * self[channel, y, x] + ice * frost * tint[channel]
                }
            }
        }
        return result
    }

    /// Drops of mud.
    func spattered(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let mudfall: Mudfall = strength(
            level,
            grey: [
                (0.65, 0.3, 4, 0.69, 0.6), (0.65, 0.3, 3, 0.68, 0.6), (0.65, 0.3, 2, 0.68, 0.5),
                (0.65, 0.3, 1, 0.65, 1.5), (0.67, 0.4, 1, 0.65, 1.5),
            ],
            colour: [
                (0.62, 0.1, 0.7, 0.7, 0.5), (0.65, 0.1, 0.8, 0.7, 0.5), (0.65, 0.3, 1, 0.69, 0.5),
                (0.65, 0.1, 0.7, 0.69, 0.6), (0.65, 0.1, 0.5, 0.68, 0.6),
            ])
        let (mean, deviation, size, threshold, rim) = mudfall
        var drops = CorruptionRaster(like: self, channels: 1)
        for index in drops.values.indices {
            drops.values[index] = mean + deviation * Double(stream.normal())
        }
        drops = drops.blurred(size)
        drops.values = drops.values.map { $0 > threshold ? 1 : 0 }
        drops = drops.blurred(rim)
        drops.values = drops.values.map { $0 < 0.8 ? 0 : $0 }
        let mud = channels == 3 ? [63.0, 42, 20] : [Double](repeating: 63, count: channels)
        var result = self
        for channel in 0..<channels {
            for index in 0..<area {
                let place = channel * area + index
                let cover = drops.values[index]
                result.values[place] = (1 - cover) * values[place] + cover * mud[channel] / 255
            }
        }
        return result
    }
}
