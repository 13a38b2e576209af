// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Writes one digit as one imagined hand would.
struct DigitWriter {
    let digit: Int
    private var random: RandomStream
    private let side: Int

    init(seed: UInt64, row: UInt64, side: Int) {
        random = RandomStream(seed: seed, purpose: .digits, row: row)
        digit = random.integer(below: 10)
        self.side = side
    }

    /// Draws the digit into `side` x `side` grey bytes, ink bright on dark.
    mutating func write(to pixels: UnsafeMutableRawBufferPointer) {
        let variants = DigitGlyph.variants[digit]
        let glyph = variants[random.integer(below: variants.count)]
        let hand = Hand(&random, side: Float(side))
        var canvas = StrokeCanvas(side: side)
        for stroke in glyph.strokes {
            let points = stroke.points.map { point in
                hand.place(point + Point(bell(), bell()) * hand.unsteadiness)
            }
            canvas.draw(
                DigitGlyph.Stroke(points: points, isCurved: stroke.isCurved), radius: hand.radius)
        }
        let noise = random.uniform(0, 0.1)
        for (index, ink) in canvas.coverage.enumerated() {
            let level = 255 * (ink * hand.pressure + noise * bell())
            pixels[index] = UInt8(min(255, max(0, level.rounded())))
        }
    }

    /// Near enough a standard normal: four uniform bytes added up (Irwin and Hall).
    private mutating func bell() -> Float {
        let bits = random.next()
        let sum = (bits & 0xFF) + (bits >> 8 & 0xFF) + (bits >> 16 & 0xFF) + bits >> 24
        // Mean 4 * 127.5, variance 4 * (256^2 - 1) / 12.
        return (Float(sum) - 510) / 147.8
    }

    /// The size, slant and pen that all strokes of one digit share.
    private struct Hand {
        let radius: Float
        let pressure: Float
        let unsteadiness: Float
        private let columns: (Point, Point)
        private let centre: Point

        init(_ random: inout RandomStream, side: Float) {
            radius = random.uniform(0.65, 1.75)
            pressure = random.uniform(0.65, 1)
            unsteadiness = random.uniform(0.01, 0.05)
            let height = random.uniform(0.56, 0.82) * side
            let width = height * random.uniform(0.65, 1.1)
            let slant = random.uniform(-0.45, 0.25)
            // tan of half the turn, up to 17 degrees either way: a rotation without sines.
            let half = random.uniform(-0.15, 0.15)
            let (cosine, sine) = (
                (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)
            )
            let down = Point(slant, 1) * height
            columns = (
                Point(cosine, sine) * width,
                Point(cosine * down.x - sine * down.y, sine * down.x + cosine * down.y)
            )
            let middle = (side - 1) / 2
            centre = Point(
                middle + random.uniform(-2.2, 2.2), middle + random.uniform(-2.2, 2.2))
        }

        /// From the unit square to pixels.
        func place(_ point: Point) -> Point {
            let fromMiddle = point - 0.5
            return centre + columns.0 * fromMiddle.x + columns.1 * fromMiddle.y
        }
    }
}
