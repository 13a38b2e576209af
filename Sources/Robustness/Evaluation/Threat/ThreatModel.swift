// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How the size of a change of an image is measured, over all pixels and channels.
public enum Norm: String, CaseIterable, Hashable, Sendable {
    /// The largest absolute change of a pixel.
    case linf
    /// The Euclidean length of the change.
    case l2
    /// The sum of the absolute changes.
    case l1
    /// How many values changed at all.
    case l0
}

/// What an adversary may do: a norm, a budget, and the box of admissible pixels.
public struct ThreatModel: Hashable, Sendable {
    public let norm: Norm
    /// The budget in pixel units of [0, 1]; for `l0` a number of values. nil where there is none
    /// and the attack looks for the smallest change that succeeds.
    public let epsilon: ExactFraction?

    public init(norm: Norm, epsilon: ExactFraction?) {
        self.norm = norm
        self.epsilon = epsilon
    }

    /// Pixels of every image and every example lie in 0...1; normalisation is part of the model.
    public static let box: ClosedRange<Float> = 0...1

    /// `linf 8/255`, or `minimal l2`.
    public var description: String {
        epsilon.map { "\(norm.rawValue) \($0)" } ?? "minimal \(norm.rawValue)"
    }

    /// Epsilon as a number, infinite where there is none.
    public var budget: Double { epsilon?.value ?? .infinity }

    /// The largest distance an evaluation accepts: 1e-6 of epsilon and one ulp of a `Float` just
    /// below 1, by which `Float` sums of other tools stray outwards. None for `l0`; infinite
    /// without a budget.
    public var tolerated: Double {
        guard let epsilon else { return .infinity }
        return norm == .l0 ? epsilon.value : epsilon.value * (1 + 1e-6) + 0x1p-24
    }

    /// `{norm, epsilon, epsilon_exact, epsilon_scale, minimal_norm, box}`; the three of epsilon are
    /// null without a budget.
    public var json: JSON {
        [
            "norm": .string(norm.rawValue),
            "epsilon": epsilon.map { .number($0.value) } ?? .null,
            "epsilon_exact": epsilon.map { .string($0.text) } ?? .null,
            "epsilon_scale": epsilon.map { .integer($0.scale) } ?? .null,
            "minimal_norm": .bool(epsilon == nil),
            "box": [0, 1],
        ]
    }

    /// Reads the form that ``json`` writes.
    ///
    /// - Throws: ``RobustnessError`` naming the key that is missing or wrong.
    public init(json: JSON) throws(RobustnessError) {
        guard let name = json["norm"]?.stringValue, let norm = Norm(rawValue: name) else {
            let known = Norm.allCases.map(\.rawValue).joined(separator: ", ")
            throw RobustnessError(
                .specification,
                "the threat model's norm is \(json["norm"] ?? .null), expected one of \(known)")
        }
        if let text = json["epsilon_exact"]?.stringValue {
            self.init(norm: norm, epsilon: try ExactFraction(parsing: text))
        } else if let value = json["epsilon"]?.doubleValue {
            self.init(norm: norm, epsilon: try ExactFraction(near: value))
        } else if json["minimal_norm"] == true {
            self.init(norm: norm, epsilon: nil)
        } else {
            throw RobustnessError(
                .specification, "the threat model has neither 'epsilon_exact' nor 'epsilon'")
        }
    }
}

extension ThreatModel {
    /// Whether both have a budget in one norm and this one's is the smaller.
    func isSmaller(than other: ThreatModel) -> Bool {
        guard norm == other.norm, let own = epsilon, let others = other.epsilon else {
            return false
        }
        return own < others
    }

    /// Whether an example made for this threat model can lie within `other`: the norm is the same, and
    /// the budget is not known to be larger.
    public func fits(within other: ThreatModel) -> Bool {
        guard norm == other.norm else { return false }
        guard let epsilon, let limit = other.epsilon else { return true }
        return epsilon <= limit
    }

    /// The distance between two images of `count` values, in double precision; NaN if either has one.
    public static func distance(
        _ norm: Norm, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int
    ) -> Double {
        switch norm {
        case .linf: return maximalDifference(left, right, count: count)
        case .l2: return squaredDifference(left, right, count: count).squareRoot()
        case .l1: return absoluteDifference(left, right, count: count)
        case .l0:
            var changed = 0
            for index in 0..<count where left[index] != right[index] { changed += 1 }
            return Double(changed)
        }
    }

    private static func maximalDifference(
        _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int
    ) -> Double {
        var largest = SIMD8<Double>()
        var poison = SIMD8<Double>()
        for index in stride(from: 0, to: count, by: 8) {
            let lanes = min(8, count - index)
            let difference = left.eight(index, lanes) - right.eight(index, lanes)
            let size = difference.replacing(with: -difference, where: difference .< 0)
            largest.replace(with: size, where: size .> largest)
            // Comparisons lose a NaN or the difference of two infinities; a product keeps it.
            poison += size * 0
        }
        return largest.max() + poison.sum()
    }

    /// The sum of absolute differences.
    private static func absoluteDifference(
        _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int
    ) -> Double {
        var sum = SIMD8<Double>()
        for index in stride(from: 0, to: count, by: 8) {
            let lanes = min(8, count - index)
            let difference = left.eight(index, lanes) - right.eight(index, lanes)
            sum += difference.replacing(with: -difference, where: difference .< 0)
        }
        return sum.sum()
    }

    /// The sum of squared differences.
    static func squaredDifference(
        _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int
    ) -> Double {
        var sum = SIMD8<Double>()
        for index in stride(from: 0, to: count, by: 8) {
            let lanes = min(8, count - index)
            let difference = left.eight(index, lanes) - right.eight(index, lanes)
            sum += difference * difference
        }
        return sum.sum()
    }

    /// The sum of absolute values.
    static func absoluteSum(_ values: UnsafePointer<Float>, count: Int) -> Double {
        var sum = SIMD8<Double>()
        for index in stride(from: 0, to: count, by: 8) {
            let value = values.eight(index, min(8, count - index))
            sum += value.replacing(with: -value, where: value .< 0)
        }
        return sum.sum()
    }

    /// The sum of squares.
    static func squaredLength(_ values: UnsafePointer<Float>, count: Int) -> Double {
        var sum = SIMD8<Double>()
        for index in stride(from: 0, to: count, by: 8) {
            let value = values.eight(index, min(8, count - index))
            sum += value * value
        }
        return sum.sum()
    }
}
