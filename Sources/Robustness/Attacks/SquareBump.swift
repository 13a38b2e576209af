// SPDX-License-Identifier: Apache-2.0

/// The pattern that Square for l2 lays into its windows: two bumps of opposite sign, one above or
/// beside the other, of unit length (Andriushchenko et al., 2020, section 3.3, equation 2).
enum SquareBump {
    /// (side, side), row-major; the upper half is positive.
    static func pattern(side: Int, isTransposed: Bool) -> [Float] {
        let upper = bump(height: side / 2, width: side)
        let lower = bump(height: side - side / 2, width: side)
        let stacked = upper + lower.map { -$0 }
        let length = stacked.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return (0..<(side * side)).map { index in
            let (row, column) = (index / side, index % side)
            let place = isTransposed ? column * side + row : index
            return Float(stacked[place] / length)
        }
    }

    /// Nested rectangles around the centre, the one of ring k adding 1 / (k + 1)^2; unit length.
    private static func bump(height: Int, width: Int) -> [Double] {
        guard height > 0 else { return [] }
        var values = [Double](repeating: 0, count: height * width)
        let (centreRow, centreColumn) = (height / 2, width / 2)
        for ring in 0...max(centreRow, centreColumn) {
            let weight = 1 / Double((ring + 1) * (ring + 1))
            // A rectangle's far edge is counted from its near edge, which may lie outside.
            for row in max(centreRow - ring, 0)..<min(centreRow + ring + 1, height) {
                for column in max(centreColumn - ring, 0)..<min(centreColumn + ring + 1, width) {
                    values[row * width + column] += weight
                }
            }
        }
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { $0 / length }
    }
}
