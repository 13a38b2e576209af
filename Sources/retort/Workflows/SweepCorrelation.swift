// SPDX-License-Identifier: Apache-2.0

/// Whether two quantities rise together.
enum RankCorrelation {
    /// Spearman's coefficient: Pearson's of the ranks, equal values sharing their mean rank
    /// (Spearman, "The proof and measurement of association between two things", 1904).
    ///
    /// - Returns: nil for fewer than two pairs, or where all values of one side are equal.
    static func spearman(_ left: [Double], _ right: [Double]) -> Double? {
        guard left.count == right.count, left.count > 1 else { return nil }
        let (a, b) = (ranks(left), ranks(right))
        let mean = Double(left.count + 1) / 2
        var (covariance, ownSquares, otherSquares) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            covariance += (x - mean) * (y - mean)
            ownSquares += (x - mean) * (x - mean)
            otherSquares += (y - mean) * (y - mean)
        }
        guard ownSquares > 0, otherSquares > 0 else { return nil }
        return covariance / (ownSquares * otherSquares).squareRoot()
    }

    private static func ranks(_ values: [Double]) -> [Double] {
        values.map { value in
            let below = values.count { $0 < value }
            let equal = values.count { $0 == value }
            return Double(below) + Double(equal + 1) / 2
        }
    }
}
