// SPDX-License-Identifier: Apache-2.0

/// A square of ink coverage in [0, 1] on which a round pen draws.
struct StrokeCanvas {
    let side: Int
    private(set) var coverage: [Float]

    init(side: Int) {
        self.side = side
        coverage = [Float](repeating: 0, count: side * side)
    }

    /// Draws straight from `start` to `end`, in pixels, with a pen of radius `radius`.
    ///
    /// A pixel is covered by how far the pen's edge reaches past its centre, over one pixel's
    /// width: the edge is smooth, and where strokes meet the ink does not add up.
    mutating func draw(from start: Point, to end: Point, radius: Float) {
        let reach = radius + 0.5
        let (low, high) = (pointwiseMin(start, end) - reach, pointwiseMax(start, end) + reach)
        let columns = max(0, Int(low.x.rounded(.up)))...max(0, min(side - 1, Int(high.x)))
        let rows = max(0, Int(low.y.rounded(.up)))...max(0, min(side - 1, Int(high.y)))
        let along = end - start
        let squaredLength = (along * along).sum()
        for row in rows {
            for column in columns {
                let toPixel = Point(Float(column), Float(row)) - start
                let share =
                    squaredLength > 0
                    ? min(1, max(0, (toPixel * along).sum() / squaredLength)) : 0
                let apart = toPixel - along * share
                let ink = reach - (apart * apart).sum().squareRoot()
                let index = row * side + column
                if ink > coverage[index] { coverage[index] = min(1, ink) }
            }
        }
    }

    /// Draws a stroke whose points are in pixels.
    mutating func draw(_ stroke: DigitGlyph.Stroke, radius: Float) {
        let points = stroke.points
        for index in 1..<points.count {
            let (start, end) = (points[index - 1], points[index])
            guard stroke.isCurved else {
                draw(from: start, to: end, radius: radius)
                continue
            }
            let before = index > 1 ? points[index - 2] : start
            let after = index + 1 < points.count ? points[index + 1] : end
            var last = start
            for step in 1...Self.stepsPerSpan {
                let next = Self.spline(
                    before, start, end, after, at: Float(step) / Float(Self.stepsPerSpan))
                draw(from: last, to: next, radius: radius)
                last = next
            }
        }
    }

    private static let stepsPerSpan = 5

    /// The uniform Catmull-Rom spline between `p1` and `p2`.
    private static func spline(
        _ p0: Point, _ p1: Point, _ p2: Point, _ p3: Point, at t: Float
    ) -> Point {
        let linear = (p2 - p0) * t
        let quadratic = (2 * p0 - 5 * p1 + 4 * p2 - p3) * (t * t)
        let cubic = (3 * (p1 - p2) + p3 - p0) * (t * t * t)
        return p1 + 0.5 * (linear + quadratic + cubic)
    }
}
