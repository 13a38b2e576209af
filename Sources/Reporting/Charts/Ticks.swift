// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where an axis is labelled.
struct Ticks: Hashable {
    var values: [Double]
    /// Decimals that tell neighbouring labels apart; nil for labels of their own making.
    var places: Int?

    /// Multiples of 1, 2 or 5 times a power of ten inside `range`, about `count` of them.
    static func linear(
        in range: ClosedRange<Double>, count: Int, integersOnly: Bool = false
    ) -> Ticks {
        let step = niceStep(
            (range.upperBound - range.lowerBound) / Double(max(1, count)),
            integersOnly: integersOnly)
        // A hair's breadth, so that rounding does not lose a tick at either end.
        let slack = 1e-9
        let first = (range.lowerBound / step - slack).rounded(.up)
        let last = (range.upperBound / step + slack).rounded(.down)
        guard first <= last, last - first < 1000 else {
            return Ticks(values: [range.lowerBound], places: nil)
        }
        let exponent = Int(floor(log10(step) + slack))
        return Ticks(
            // Dividing by a whole number keeps 0.3 from becoming 0.30000000000000004.
            values: (Int(first)...Int(last)).map { index in
                exponent < 0
                    ? Double(index) * (step * pow(10, Double(-exponent))).rounded()
                        / pow(10, Double(-exponent))
                    : Double(index) * step
            },
            places: max(0, -exponent))
    }

    /// The smallest of 1, 2, 5, 10, ... times a power of ten that is at least `step`.
    static func niceStep(_ step: Double, integersOnly: Bool = false) -> Double {
        guard step.isFinite, step > 0 else { return 1 }
        if integersOnly, step <= 1 { return 1 }
        let power = pow(10, floor(log10(step)))
        // 1e-9: a step that is nice but for rounding stays.
        let factor = [1.0, 2, 5, 10].first { $0 * power >= step * (1 - 1e-9) } ?? 10
        return factor * power
    }

    /// `range` widened to the next ticks outside.
    static func widened(_ range: ClosedRange<Double>, count: Int) -> ClosedRange<Double> {
        let step = niceStep((range.upperBound - range.lowerBound) / Double(max(1, count)))
        return
            ((range.lowerBound / step + 1e-9).rounded(.down) * step)...((range.upperBound / step
            - 1e-9).rounded(.up) * step)
    }

    /// Powers of ten inside `range`; with their 2 and 5 multiples where there are few.
    static func logarithmic(in range: ClosedRange<Double>) -> Ticks {
        let exponents = Int(floor(log10(range.lowerBound)))...Int(ceil(log10(range.upperBound)))
        let inside = { (value: Double) in
            value >= range.lowerBound * (1 - 1e-9) && value <= range.upperBound * (1 + 1e-9)
        }
        let decades = exponents.map { power($0) }.filter(inside)
        if decades.count > 8 {
            let stride = (decades.count + 7) / 8
            return Ticks(
                values: decades.enumerated().filter { $0.offset % stride == 0 }.map(\.element))
        }
        if decades.count > 3 { return Ticks(values: decades) }
        let fine = exponents.flatMap { exponent in [1.0, 2, 5].map { times($0, exponent) } }
        return Ticks(values: fine.filter(inside))
    }

    private static func times(_ factor: Double, _ exponent: Int) -> Double {
        exponent < 0 ? factor / pow(10, Double(-exponent)) : factor * pow(10, Double(exponent))
    }

    private static func power(_ exponent: Int) -> Double { times(1, exponent) }

    func label(_ value: Double) -> String {
        guard let places, places <= 6, abs(value) < 1e7 else { return Self.short(value) }
        return places == 0 && abs(value) >= 10_000
            ? NumberText.count(Int(value)) : NumberText.fixed(value, places: places)
    }

    /// Powers of ten far from one are written as such.
    private static func short(_ value: Double) -> String {
        guard value > 0 else { return NumberText.short(value) }
        let exponent = log10(value).rounded()
        if abs(exponent) >= 5, abs(value / pow(10, exponent) - 1) < 1e-9 {
            let digits: [Character: Character] = [
                "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶",
                "7": "⁷", "8": "⁸", "9": "⁹",
            ]
            return "10" + String(String(Int(exponent)).map { digits[$0] ?? $0 })
        }
        return value >= 1000 && value < 100_000 && value == value.rounded()
            ? NumberText.count(Int(value)) : NumberText.short(value)
    }
}
