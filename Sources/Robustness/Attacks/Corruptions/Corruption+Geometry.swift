// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tensors

extension CorruptionRaster {
    func sheared(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        // As scikit-image has it: y comes from cos(angle) y, x from x - sin(angle) y.
        let angle = [0.2, 0.4, 0.6, 0.8, 1.0][level] * stream.sign()
        return transformed(cos(angle), 0, -sin(angle), 1, border: .black)
    }

    func scaledDown(_ level: Int) -> CorruptionRaster {
        let factor = 1 / [0.9, 0.8, 0.7, 0.6, 0.5][level]
        return transformed(factor, 0, 0, factor, border: .black)
    }

    func rotated(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let angle = [0.2, 0.4, 0.6, 0.8, 1.0][level] * stream.sign()
        return transformed(cos(angle), sin(angle), -sin(angle), cos(angle), border: .black)
    }

    func shifted(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let distance = Double(level + 1)
        let (down, right) = (distance * stream.sign(), distance * stream.sign())
        return warped(border: .black) { ($0 + down, $1 + right) }
    }

    /// Three corners of a square move, and every pixel a little, together with its neighbours.
    func stretched(_ level: Int, _ stream: inout RandomStream) -> CorruptionRaster {
        let (amplitude, deviation, corner): (Double, Double, Double) = strength(
            level,
            grey: [
                (2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02),
                (0.12, 0.01, 0.02),
            ],
            colour: [
                (0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05),
                (0.1, 0.03, 0.03),
            ])
        let side = Double(min(height, width))
        let half = Float(corner * side)
        let arm = Double(min(height, width) / 3)
        // Where the corners (+, +), (+, -) and (-, -) go; they fix an affine map around the centre.
        var moves: [(y: Double, x: Double)] = []
        for _ in 0..<3 {
            moves.append(
                (Double(stream.uniform(-half, half)), Double(stream.uniform(-half, half))))
        }
        let b = ((moves[0].y - moves[1].y) / (2 * arm), (moves[0].x - moves[1].x) / (2 * arm))
        let a = ((moves[1].y - moves[2].y) / (2 * arm), (moves[1].x - moves[2].x) / (2 * arm))
        let middle = ((moves[0].y + moves[2].y) / 2, (moves[0].x + moves[2].x) / 2)
        let border: Border = channels == 3 ? .mirror : .black
        let fields = (0..<2).map { _ in
            field(deviation: deviation * side, amplitude: amplitude * side, &stream)
        }
        let (centreY, centreX) = (Double(height - 1) / 2, Double(width - 1) / 2)
        return warped(border: border) { y, x in
            let index = Int(y) * width + Int(x)
            let (down, right) = (y - centreY, x - centreX)
            return (
                y + middle.0 + a.0 * down + b.0 * right + fields[0][index],
                x + middle.1 + a.1 * down + b.1 * right + fields[1][index]
            )
        }
    }

    /// Smoothed uniform noise.
    private func field(
        deviation: Double, amplitude: Double, _ stream: inout RandomStream
    ) -> [Double] {
        var noise = CorruptionRaster(like: self, channels: 1)
        for index in noise.values.indices {
            noise.values[index] = Double(stream.uniform(-1, 1))
        }
        return noise.blurred(deviation, border: .mirror).values.map { $0 * amplitude }
    }
}
