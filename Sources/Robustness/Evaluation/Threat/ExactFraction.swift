// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A non-negative rational number as a person wrote it: `8/255`, `0.3`, `76.5/255`, `2`.
///
/// An epsilon is kept exactly and with the scale it was written in, because 8 of 255 and 0.031
/// are different threat models and both are called "8" somewhere.
public struct ExactFraction: Sendable {
    /// In lowest terms; the denominator is positive.
    public let numerator: Int
    public let denominator: Int
    /// The number below the stroke as written, 1 where there was none: the pixel scale.
    public let scale: Int
    /// As written.
    public let text: String

    /// - Throws: ``RobustnessError`` unless the text is a decimal number or two with a stroke.
    public init(parsing text: String) throws(RobustnessError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let top = Self.decimal(parts[0]) else { throw Self.malformed(text) }
        var (numerator, denominator, scale) = (top.numerator, top.denominator, 1)
        if parts.count == 2 {
            guard let below = Int(parts[1]), below > 0,
                let product = Self.product(denominator, below)
            else { throw Self.malformed(text) }
            (denominator, scale) = (product, below)
        }
        (numerator, denominator) = Self.reduced(numerator, denominator)
        self.init(numerator: numerator, denominator: denominator, scale: scale, text: text)
    }

    /// The fraction a double was most likely written as: k/255 with at most one decimal, else the
    /// number rounded to twelve places.
    ///
    /// - Throws: ``RobustnessError`` for negative, huge or non-finite numbers.
    public init(near value: Double) throws(RobustnessError) {
        let tenths = (value * 2550).rounded()
        if abs(tenths / 2550 - value) < 1e-12, value <= 1, tenths > 0,
            (value * 1e6).rounded() / 1e6 != value
        {
            let whole = tenths.truncatingRemainder(dividingBy: 10) == 0
            try self.init(parsing: whole ? "\(Int(tenths / 10))/255" : "\(tenths / 10)/255")
        } else {
            let places = 1e12
            guard value >= 0, value < 1000 else { throw Self.malformed("\(value)") }
            try self.init(parsing: "\((value * places).rounded() / places)")
        }
    }

    private init(numerator: Int, denominator: Int, scale: Int, text: String) {
        self.numerator = numerator
        self.denominator = denominator
        self.scale = scale
        self.text = text
    }

    /// The nearest double.
    public var value: Double { Double(numerator) / Double(denominator) }

    /// The largest double that is not above the exact number, so that `distance <= valueRoundedDown`
    /// implies `distance <= fraction` in exact arithmetic.
    public var valueRoundedDown: Double {
        let nearest = value
        // The fused product is exact up to one rounding, which keeps its sign.
        let excess = fma(nearest, Double(denominator), -Double(numerator))
        return excess > 0 ? nearest.nextDown : nearest
    }

    /// This number times `factor / divisor`, written as a fraction of the two.
    ///
    /// - Throws: ``RobustnessError`` when the terms leave 53 bits.
    func scaled(by factor: Int, over divisor: Int) throws(RobustnessError) -> ExactFraction {
        guard let above = Self.product(numerator, factor),
            let below = Self.product(denominator, divisor)
        else {
            throw RobustnessError(
                .specification, "\(text) times \(factor)/\(divisor) has too many digits to be exact"
            )
        }
        let (numerator, denominator) = Self.reduced(above, below)
        return ExactFraction(
            numerator: numerator, denominator: denominator, scale: denominator,
            text: denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)")
    }

    private static func malformed(_ text: String) -> RobustnessError {
        RobustnessError(
            .specification,
            "'\(text)' is not a size such as 0.3, 8/255 or 76.5/255 (at most 15 digits, not negative)"
        )
    }

    /// Digits with at most one point, and an optional power of ten.
    private static func decimal(_ text: Substring) -> (numerator: Int, denominator: Int)? {
        let parts = text.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "e" || $0 == "E" })
        guard parts.count <= 2 else { return nil }
        let sides = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard sides.count <= 2, sides.contains(where: { !$0.isEmpty }) else { return nil }
        let digits = sides.joined().drop { $0 == "0" }
        guard digits.count <= 15, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let whole = digits.isEmpty ? 0 : Int(digits)
        else { return nil }
        var exponent = sides.count == 2 ? -sides[1].count : 0
        if parts.count == 2 {
            guard let power = Int(parts[1]), abs(power) <= 15 else { return nil }
            exponent += power
        }
        let power = (0..<abs(exponent)).reduce(Optional(1)) { power, _ in
            power.flatMap { product($0, 10) }
        }
        guard let power else { return nil }
        guard exponent > 0 else { return (whole, power) }
        return product(whole, power).map { ($0, 1) }
    }

    /// nil above 2^53, where doubles stop being exact.
    private static func product(_ left: Int, _ right: Int) -> Int? {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow || product > 1 << 53 ? nil : product
    }

    private static func reduced(_ numerator: Int, _ denominator: Int) -> (Int, Int) {
        var (larger, smaller) = (denominator, numerator)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return (numerator / larger, denominator / larger)
    }
}

extension ExactFraction: Hashable, CustomStringConvertible {
    /// Equal numbers are equal, however they are written: 0.3 is 76.5/255.
    public static func == (left: ExactFraction, right: ExactFraction) -> Bool {
        left.numerator == right.numerator && left.denominator == right.denominator
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(numerator)
        hasher.combine(denominator)
    }

    public var description: String { text }
}

extension ExactFraction: Comparable {
    public static func < (left: ExactFraction, right: ExactFraction) -> Bool {
        let a = left.numerator.multipliedFullWidth(by: right.denominator)
        let b = right.numerator.multipliedFullWidth(by: left.denominator)
        return (a.high, a.low) < (b.high, b.low)
    }
}
