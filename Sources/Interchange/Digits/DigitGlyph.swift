// SPDX-License-Identifier: Apache-2.0

typealias Point = SIMD2<Float>

/// One way to write a digit: strokes in the unit square, y downwards.
struct DigitGlyph {
    struct Stroke {
        /// The pen passes through these points.
        let points: [Point]
        /// Whether it curves through them or turns at them.
        let isCurved: Bool
    }

    let strokes: [Stroke]

    private init(_ strokes: Stroke...) { self.strokes = strokes }

    private static func line(_ coordinates: Float...) -> Stroke {
        Stroke(points: points(coordinates), isCurved: false)
    }

    private static func curve(_ coordinates: Float...) -> Stroke {
        Stroke(points: points(coordinates), isCurved: true)
    }

    private static func points(_ coordinates: [Float]) -> [Point] {
        stride(from: 0, to: coordinates.count, by: 2).map {
            Point(coordinates[$0], coordinates[$0 + 1])
        }
    }

    /// The ways to write each digit, 0 to 9, as people differ: with and without flag, base or
    /// bar, open or closed.
    static let variants: [[DigitGlyph]] = [
        [
            DigitGlyph(
                curve(
                    0.5, 0.05, 0.26, 0.16, 0.18, 0.5, 0.26, 0.84, 0.5, 0.95, 0.74, 0.84, 0.82, 0.5,
                    0.74, 0.16, 0.5, 0.05)),
            DigitGlyph(
                curve(
                    0.62, 0.1, 0.38, 0.1, 0.24, 0.4, 0.26, 0.78, 0.45, 0.95, 0.68, 0.82, 0.76, 0.45,
                    0.66, 0.14, 0.46, 0.04)),
        ],
        [
            DigitGlyph(line(0.5, 0.05, 0.5, 0.95)),
            DigitGlyph(line(0.3, 0.27, 0.53, 0.05, 0.52, 0.95)),
            DigitGlyph(line(0.32, 0.24, 0.52, 0.05, 0.52, 0.95), line(0.3, 0.95, 0.74, 0.95)),
        ],
        [
            DigitGlyph(
                curve(
                    0.22, 0.27, 0.32, 0.1, 0.53, 0.05, 0.74, 0.15, 0.75, 0.35, 0.6, 0.58, 0.38,
                    0.78, 0.2, 0.95), line(0.2, 0.95, 0.82, 0.95)),
            DigitGlyph(
                curve(
                    0.22, 0.25, 0.5, 0.05, 0.76, 0.25, 0.6, 0.57, 0.32, 0.9, 0.2, 0.86, 0.3, 0.77,
                    0.56, 0.9, 0.82, 0.9)),
        ],
        [
            DigitGlyph(
                curve(
                    0.22, 0.16, 0.48, 0.05, 0.75, 0.18, 0.7, 0.4, 0.44, 0.48, 0.74, 0.56, 0.8, 0.78,
                    0.54, 0.95, 0.2, 0.84)),
            DigitGlyph(
                line(0.22, 0.06, 0.76, 0.06, 0.46, 0.42),
                curve(0.46, 0.42, 0.77, 0.53, 0.78, 0.82, 0.5, 0.95, 0.2, 0.85)),
        ],
        [
            DigitGlyph(line(0.32, 0.05, 0.2, 0.56, 0.82, 0.55), line(0.67, 0.22, 0.63, 0.95)),
            DigitGlyph(line(0.64, 0.95, 0.66, 0.05, 0.17, 0.66, 0.86, 0.66)),
        ],
        [
            DigitGlyph(
                line(0.76, 0.06, 0.31, 0.06, 0.26, 0.45),
                curve(0.26, 0.45, 0.5, 0.38, 0.76, 0.5, 0.78, 0.76, 0.52, 0.95, 0.2, 0.86)),
            DigitGlyph(
                curve(
                    0.76, 0.08, 0.36, 0.09, 0.28, 0.4, 0.6, 0.46, 0.78, 0.68, 0.55, 0.93, 0.2, 0.87)
            ),
        ],
        [
            DigitGlyph(
                curve(
                    0.7, 0.08, 0.42, 0.22, 0.24, 0.52, 0.25, 0.82, 0.5, 0.95, 0.76, 0.8, 0.68, 0.56,
                    0.45, 0.52, 0.25, 0.7)),
            DigitGlyph(
                curve(
                    0.58, 0.05, 0.32, 0.42, 0.22, 0.75, 0.42, 0.95, 0.7, 0.88, 0.72, 0.63, 0.5,
                    0.53, 0.27, 0.66)),
        ],
        [
            DigitGlyph(line(0.2, 0.08, 0.8, 0.08, 0.42, 0.95)),
            DigitGlyph(line(0.2, 0.08, 0.8, 0.08, 0.44, 0.95), line(0.32, 0.52, 0.74, 0.5)),
            DigitGlyph(
                line(0.2, 0.22, 0.22, 0.08, 0.8, 0.08), curve(0.8, 0.08, 0.58, 0.4, 0.48, 0.95)),
        ],
        [
            DigitGlyph(
                curve(
                    0.72, 0.16, 0.5, 0.05, 0.28, 0.17, 0.31, 0.36, 0.5, 0.48, 0.74, 0.64, 0.73,
                    0.86, 0.5, 0.95, 0.26, 0.85, 0.27, 0.65, 0.5, 0.48, 0.7, 0.35, 0.72, 0.16)),
            DigitGlyph(
                curve(
                    0.5, 0.05, 0.3, 0.15, 0.32, 0.38, 0.5, 0.46, 0.69, 0.37, 0.7, 0.15, 0.5, 0.05),
                curve(
                    0.5, 0.46, 0.25, 0.58, 0.26, 0.84, 0.5, 0.95, 0.75, 0.84, 0.74, 0.58, 0.5, 0.46)
            ),
        ],
        [
            DigitGlyph(
                curve(
                    0.74, 0.3, 0.6, 0.08, 0.36, 0.09, 0.24, 0.3, 0.38, 0.5, 0.62, 0.46, 0.75, 0.24),
                line(0.75, 0.22, 0.72, 0.6, 0.64, 0.95)),
            DigitGlyph(
                curve(
                    0.72, 0.22, 0.52, 0.05, 0.28, 0.16, 0.28, 0.42, 0.52, 0.52, 0.73, 0.36, 0.74,
                    0.2, 0.77, 0.6, 0.62, 0.92, 0.3, 0.9)),
        ],
    ]
}
