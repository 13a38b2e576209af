// SPDX-License-Identifier: Apache-2.0

/// Groups of horizontal bars: the same models under several attacks, CE beside log-odds.
///
/// Bars lie, so that names of any length can be read, and the drawing grows with the groups.
public struct BarChart: Sendable {
    public struct Group: Sendable {
        public let name: String
        /// One for each series; nil where nothing was measured.
        public let values: [Estimate?]

        public init(_ name: String, _ values: [Estimate?]) {
            self.name = name
            self.values = values
        }
    }

    public var title: String
    public var axis: Axis
    public var seriesNames: [String]
    public var groups: [Group]
    public var width: Double = 760

    public init(_ title: String, axis: Axis, seriesNames: [String], groups: [Group]) {
        precondition(groups.allSatisfy { $0.values.count == seriesNames.count })
        self.title = title
        self.axis = axis
        self.seriesNames = seriesNames
        self.groups = groups
    }

    private static let barHeight = 16.0
    private static let groupGap = 14.0

    public func svg() -> SVG {
        let all = groups.flatMap(\.values).compactMap { $0 }
        let layout = AxisLayout(
            axis, values: [0] + all.flatMap { [$0.value, $0.upper] }, tickCount: 5,
            isWidened: true)
        let legend = Legend(
            seriesNames.enumerated().map { index, name in
                Legend.Entry(name: name, series: index, isBlock: true)
            }, width: width - 24)
        let names = groups.map { Canvas.clipped($0.name, width: 210) }
        let left = 12 + (names.map { Canvas.width(of: $0) }.max() ?? 0) + 10
        let valueWidth = all.map { Canvas.width(of: text($0.value)) }.max() ?? 0
        let right = width - 12 - valueWidth - 8
        let top = 32 + legend.height + 8
        let groupHeight = Double(seriesNames.count) * Self.barHeight + Self.groupGap
        let bottom = top + Double(groups.count) * groupHeight
        var canvas = Canvas()
        canvas.text(Canvas.clipped(title, width: width - 24, size: 14), 12, 21, "heading")
        legend.draw(on: &canvas, x: 12, y: 32)
        for value in layout.ticks.values {
            guard let position = layout.position(value) else { continue }
            let x = left + position * (right - left)
            canvas.line(x, top, x, bottom, "grid")
            canvas.text(layout.label(value), x, bottom + 17, "muted", anchor: .middle)
        }
        let scale = { (value: Double) in
            left + (layout.clippedPosition(value) ?? 0) * (right - left)
        }
        for (index, group) in groups.enumerated() {
            let y = top + Double(index) * groupHeight + Self.groupGap / 2
            let middle = y + Double(seriesNames.count) * Self.barHeight / 2
            canvas.text(names[index], left - 10, middle + 4, anchor: .end)
            for (series, value) in group.values.enumerated() {
                let barTop = y + Double(series) * Self.barHeight
                draw(value, series: series, group: group, top: barTop, scale: scale, on: &canvas)
            }
        }
        canvas.line(scale(0), top, scale(0), bottom, "axis")
        canvas.text(
            Canvas.clipped(axis.label, width: width - 24), (left + right) / 2, bottom + 38,
            anchor: .middle)
        return SVG(
            width: width, height: bottom + (axis.label.isEmpty ? 28 : 50), title: title,
            summary: summary, content: canvas.content)
    }

    private func draw(
        _ value: Estimate?, series: Int, group: Group, top: Double, scale: (Double) -> Double,
        on canvas: inout Canvas
    ) {
        let middle = top + Self.barHeight / 2
        guard let value, value.value.isFinite else {
            canvas.text("not measured", scale(0) + 6, middle + 4, "small muted")
            return
        }
        let (start, end) = (scale(0), scale(value.value))
        let tip = "\(group.name), \(seriesNames[series]): \(text(value.value))"
        canvas.group(tip: tip) {
            $0.rectangle(
                min(start, end), top + 1.5, abs(end - start), Self.barHeight - 3,
                "fill \(Palette.series(series))", radius: 2)
        }
        var labelStart = max(start, end)
        if value.lower.isFinite, value.upper.isFinite, value.upper > value.lower {
            let (low, high) = (scale(value.lower), scale(value.upper))
            canvas.path(
                "M\(Markup.number(low)) \(Markup.number(middle - 3.5))v7m0 -3.5"
                    + "H\(Markup.number(high))m0 -3.5v7", "whisker")
            labelStart = max(labelStart, high)
        }
        canvas.text(text(value.value), labelStart + 6, middle + 4, "small")
    }

    private func text(_ value: Double) -> String {
        axis.format == .percent ? NumberText.percent(value) : NumberText.short(value)
    }

    private var summary: String {
        groups.map { group in
            let values = zip(seriesNames, group.values).map { name, value in
                "\(name) \(value.map { text($0.value) } ?? "not measured")"
            }
            return "\(group.name): \(values.joined(separator: ", "))"
        }.joined(separator: "; ") + "."
    }
}
