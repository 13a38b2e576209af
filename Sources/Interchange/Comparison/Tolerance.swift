// SPDX-License-Identifier: Apache-2.0

/// Which differences count: |a - b| > absolute + relative * |b|, as NumPy's `allclose` has it.
public struct Tolerance: Hashable, Sendable {
    public var absolute: Double
    public var relative: Double

    public init(absolute: Double = 0, relative: Double = 0) {
        self.absolute = absolute
        self.relative = relative
    }

    /// Every difference of values counts.
    public static let none = Tolerance()
}

/// How two files are compared.
public struct ComparisonOptions: Hashable, Sendable {
    public var tolerance: Tolerance
    /// Whether axes must lie alike in both files; otherwise both sides are seen in one layout.
    public var isLayoutExact: Bool

    public init(tolerance: Tolerance = .none, isLayoutExact: Bool = false) {
        self.tolerance = tolerance
        self.isLayoutExact = isLayoutExact
    }
}
