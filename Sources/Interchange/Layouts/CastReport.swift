// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a change of element type did to the values of a tensor.
public struct CastReport: Hashable, Sendable {
    public let source: ElementType
    public let target: ElementType
    public let count: Int
    /// Elements whose value changed.
    public internal(set) var changed = 0
    /// The largest |cast - original| where both are finite.
    public internal(set) var maximumError = 0.0
    /// Finite elements that became infinite.
    public internal(set) var overflowed = 0
    /// Elements other than zero that became zero.
    public internal(set) var underflowed = 0
    /// NaNs, which stay NaNs.
    public internal(set) var notANumber = 0
    var squaredError = 0.0
    var squaredNorm = 0.0

    init(source: ElementType, target: ElementType, count: Int) {
        self.source = source
        self.target = target
        self.count = count
    }

    /// ||cast - original|| / ||original|| over the elements that stayed finite; 0 where all of
    /// them are zero.
    public var relativeError: Double {
        squaredNorm == 0 ? 0 : (squaredError / squaredNorm).squareRoot()
    }

    /// Whether every value is the one it was.
    public var isExact: Bool { changed == 0 }

    public var json: JSON {
        [
            "from": .string(source.rawValue), "to": .string(target.rawValue),
            "elements": .integer(count), "changed": .integer(changed),
            "max_abs": .number(maximumError), "rel_l2": .number(relativeError),
            "overflowed": .integer(overflowed), "underflowed": .integer(underflowed),
            "nan": .integer(notANumber),
        ]
    }

    /// Takes in the report of the elements that follow.
    mutating func append(_ other: CastReport) {
        changed += other.changed
        maximumError = max(maximumError, other.maximumError)
        overflowed += other.overflowed
        underflowed += other.underflowed
        notANumber += other.notANumber
        squaredError += other.squaredError
        squaredNorm += other.squaredNorm
    }

    /// Takes in a block of values before and after.
    mutating func append(
        _ before: UnsafePointer<Double>, _ after: UnsafePointer<Double>, count: Int
    ) {
        for index in 0..<count {
            let (old, new) = (before[index], after[index])
            if old == new {
                if old.isFinite { squaredNorm += old * old }
                continue
            }
            if old.isNaN {
                notANumber += 1
                continue
            }
            changed += 1
            if new.isInfinite {
                overflowed += 1
                continue
            }
            if new == 0 { underflowed += 1 }
            let error = (new - old).magnitude
            maximumError = max(maximumError, error)
            squaredError += error * error
            squaredNorm += old * old
        }
    }
}

extension CastReport: CustomStringConvertible {
    public var description: String {
        if isExact { return "\(source) -> \(target), exact" }
        var text = "\(source) -> \(target), largest error \(maximumError)"
        if overflowed > 0 { text += ", \(overflowed) became infinite" }
        if underflowed > 0 { text += ", \(underflowed) became zero" }
        return text
    }
}
