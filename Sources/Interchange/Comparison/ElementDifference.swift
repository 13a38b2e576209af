// SPDX-License-Identifier: Apache-2.0

/// How far the elements of two tensors are apart.
///
/// NaN equals NaN by position, whatever its payload; an infinity equals the same infinity; -0
/// equals 0. Each of these is counted. Sums, the maximum and the cosine are over the positions
/// where both elements are finite; a position where only one is, or where they are different
/// infinities, counts as ``nonFinite`` and as a difference that no tolerance covers.
public struct ElementDifference: Hashable, Sendable {
    /// Elements of either tensor.
    public let count: Int
    /// Positions whose values differ.
    public internal(set) var different = 0
    /// Positions whose values differ by more than the tolerance allows.
    public internal(set) var beyond = 0
    /// Positions whose bits differ; nil for two element types.
    public internal(set) var differentBits: Int?
    /// Positions where both are NaN.
    public internal(set) var sharedNaN = 0
    /// Positions where both are the same infinity.
    public internal(set) var sharedInfinity = 0
    /// Positions that differ in being finite, or in the sign of an infinity.
    public internal(set) var nonFinite = 0
    /// Positions where one is 0 and the other -0.
    public internal(set) var signedZeros = 0
    /// The largest |a - b|.
    public internal(set) var maximum = 0.0
    /// The most representable numbers between two elements, plus one; nil unless both tensors have
    /// the same floating-point type.
    public internal(set) var maximumULP: UInt64?
    /// The first non-finite difference; without one, the first position of the largest.
    public internal(set) var worst: Worst?
    /// Sums over positions: |a - b|, (a - b)^2, a^2, b^2 and a * b.
    var absolute = 0.0
    var squares = 0.0
    var squaresOfA = 0.0
    var squaresOfB = 0.0
    var product = 0.0

    /// One position and what stands there.
    public struct Worst: Hashable, Sendable {
        /// In the order of rows, the last axis fastest.
        public let offset: Int
        public let a: Double
        public let b: Double
    }

    init(count: Int) {
        self.count = count
    }

    /// Whether every element has the value of its counterpart.
    public var isEqual: Bool { different == 0 }
    /// Whether every element is the same bits.
    public var isIdentical: Bool { differentBits == 0 }

    /// The mean |a - b|.
    public var mean: Double { count == 0 ? 0 : absolute / Double(count) }

    /// ||a - b|| / ||b||: 0 for equal tensors, infinite when only b is zero.
    public var relativeL2: Double {
        squares == 0 ? 0 : (squares / squaresOfB).squareRoot()
    }

    /// a . b / (||a|| ||b||); nil when either is zero.
    public var cosine: Double? {
        guard squaresOfA > 0, squaresOfB > 0 else { return nil }
        return max(-1, min(1, product / (squaresOfA.squareRoot() * squaresOfB.squareRoot())))
    }

    /// Takes in the positions that follow.
    mutating func append(_ next: ElementDifference) {
        different += next.different
        beyond += next.beyond
        if let bits = next.differentBits { differentBits = (differentBits ?? 0) + bits }
        sharedNaN += next.sharedNaN
        sharedInfinity += next.sharedInfinity
        signedZeros += next.signedZeros
        if let ulp = next.maximumULP { maximumULP = max(maximumULP ?? 0, ulp) }
        if nonFinite == 0, next.nonFinite > 0 || next.maximum > maximum { worst = next.worst }
        nonFinite += next.nonFinite
        maximum = max(maximum, next.maximum)
        absolute += next.absolute
        squares += next.squares
        squaresOfA += next.squaresOfA
        squaresOfB += next.squaresOfB
        product += next.product
    }
}
