// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One axis of a chart.
public struct Axis: Hashable, Sendable {
    public enum Scale: Hashable, Sendable { case linear, logarithmic }
    public enum Format: Hashable, Sendable {
        case number
        /// Values are shares in [0, 1], shown in per cent.
        case percent
        /// Values are counted (epochs): only whole numbers are labelled.
        case integer
    }

    public let label: String
    public let scale: Scale
    public let format: Format
    /// Nil: as wide as the data.
    public let range: ClosedRange<Double>?

    public init(
        _ label: String, scale: Scale = .linear, format: Format = .number,
        range: ClosedRange<Double>? = nil
    ) {
        self.label = label
        self.scale = scale
        self.format = format
        self.range = range
    }

    /// A value with its unit, alike in labels, tips and tables; `-` where there is none.
    func text(_ value: Double?) -> String {
        guard let value, value.isFinite else { return value == .infinity ? "∞" : "-" }
        switch format {
        case .percent: return NumberText.percent(value)
        case .integer:
            return abs(value) < 1e15
                ? NumberText.count(Int(value.rounded())) : NumberText.short(value)
        case .number: return NumberText.short(value)
        }
    }

    /// A cell of a table: the value, its interval below.
    func cell(_ value: Double?, band: ClosedRange<Double>? = nil) -> HTMLTable.Cell {
        guard let band, let value, value.isFinite else { return HTMLTable.Cell(text(value)) }
        let detail =
            format == .percent
            ? Estimate(value, lower: band.lowerBound, upper: band.upperBound).interval
            : "[\(text(band.lowerBound)), \(text(band.upperBound))]"
        return HTMLTable.Cell(text(value), detail: detail)
    }

    /// The label, with what the numbers are counted in.
    var tableTitle: String { label.isEmpty ? "value" : label }
}

/// An axis laid over its data: from values to a position in [0, 1] and to labels.
struct AxisLayout {
    let axis: Axis
    let range: ClosedRange<Double>
    let ticks: Ticks

    /// - Parameter isWidened: whether the range grows to the next ticks (vertical axes) or ends
    ///   with the data (horizontal ones).
    init(_ axis: Axis, values: [Double], tickCount: Int, isWidened: Bool) {
        self.axis = axis
        let isLogarithmic = axis.scale == .logarithmic
        let usable = values.filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
        var lower = usable.min() ?? (isLogarithmic ? 0.1 : 0)
        var upper = usable.max() ?? 1
        if let fixed = axis.range, !isLogarithmic || fixed.lowerBound > 0 {
            (lower, upper) = (fixed.lowerBound, fixed.upperBound)
        }
        // An axis needs an extent even when all values are one.
        if !(upper > lower) {
            let apart = isLogarithmic ? 0 : max(abs(lower) * 0.1, 0.5)
            (lower, upper) =
                isLogarithmic
                ? (lower / 10, lower * 10) : (lower - apart, lower + apart)
        }
        guard isLogarithmic else {
            let factor: Double = axis.format == .percent ? 100 : 1
            var range = (lower * factor)...(upper * factor)
            if isWidened, axis.range == nil { range = Ticks.widened(range, count: tickCount) }
            let ticks = Ticks.linear(
                in: range, count: tickCount, integersOnly: axis.format == .integer)
            self.range = (range.lowerBound / factor)...(range.upperBound / factor)
            self.ticks = Ticks(values: ticks.values.map { $0 / factor }, places: ticks.places)
            return
        }
        range = lower...upper
        ticks = Ticks.logarithmic(in: range)
    }

    /// 0 at the lower end, 1 at the upper; nil for what cannot be shown.
    func position(_ value: Double) -> Double? {
        guard value.isFinite else { return nil }
        if axis.scale == .logarithmic {
            guard value > 0 else { return nil }
            return log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
        }
        return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    }

    /// The position clipped to the axis, for curves of data that a fixed range cuts.
    func clippedPosition(_ value: Double) -> Double? {
        position(value).map { min(1, max(0, $0)) }
    }

    func label(_ value: Double) -> String {
        switch axis.format {
        case .percent: ticks.label(value * 100) + " %"
        case .integer where value == value.rounded() && abs(value) < 1e12:
            NumberText.count(Int(value))
        case .integer, .number: ticks.label(value)
        }
    }
}
