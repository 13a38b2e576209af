// SPDX-License-Identifier: Apache-2.0

/// Groups of horizontal bars: the same models under several attacks, CE beside log-odds.
///
/// Bars lie, so that names of any length can be read, and the drawing grows with the groups.
public struct BarChart: Chart {
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

    public func svg(width: Double) -> SVG {
        let all = groups.flatMap(\.values).compactMap { $0 }
        let layout = AxisLayout(
            axis, values: [0] + all.flatMap { [$0.value, $0.upper] }, tickCount: 5,
            isWidened: true)
        let legend = seriesNames.enumerated().map { index, name in
            Legend.Entry(name: name, series: index, isBlock: true)
        }
        let heading = ChartHeading(
            title, legend: seriesNames.count > 1 ? legend : [], width: width)
        let frame = RowFrame(
            layout, names: groups.map(\.name),
            rowHeight: Double(seriesNames.count) * Self.barHeight, width: width,
            top: heading.height,
            valueRoom: (all.map { Canvas.width(of: axis.text($0.value)) }.max() ?? 0) + 6)
        var canvas = Canvas()
        heading.draw(on: &canvas)
        frame.drawAxes(on: &canvas)
        for (index, group) in groups.enumerated() {
            for (series, value) in group.values.enumerated() {
                let top = frame.top(of: index) + Double(series) * Self.barHeight
                draw(value, series: series, group: group, top: top, in: frame, on: &canvas)
            }
        }
        return SVG(
            width: width, height: frame.height, title: title, summary: summary,
            content: canvas.content)
    }

    private func draw(
        _ value: Estimate?, series: Int, group: Group, top: Double, in frame: RowFrame,
        on canvas: inout Canvas
    ) {
        let middle = top + Self.barHeight / 2
        guard let value, let end = frame.x(value.value) else {
            canvas.text("not measured", frame.origin + 6, middle + 4, "small muted")
            return
        }
        let start = frame.origin
        canvas.group(tip: "\(group.name), \(seriesNames[series]): \(axis.text(value.value))") {
            $0.bar(
                series, min(start, end), top + 1.5, abs(end - start), Self.barHeight - 3)
        }
        var labelStart = max(start, end)
        if value.lower.isFinite, value.upper.isFinite, value.upper > value.lower,
            let low = frame.x(value.lower), let high = frame.x(value.upper)
        {
            canvas.whisker(from: low, to: high, y: middle)
            labelStart = max(labelStart, high)
        }
        canvas.text(axis.text(value.value), labelStart + 6, middle + 4, "small")
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [.init("")] + seriesNames.map { .init($0, .right) },
            rows: groups.map { group in
                [HTMLTable.Cell(group.name)]
                    + group.values.map { value in
                        let isKnown = value.map { $0.upper > $0.lower } ?? false
                        return axis.cell(
                            value?.value,
                            band: isKnown ? value.map { $0.lower...$0.upper } : nil)
                    }
            }, caption: RichText(axis.tableTitle + "."))
    }

    private var summary: String {
        groups.map { group in
            let values = zip(seriesNames, group.values).map { name, value in
                "\(name) \(value.map { axis.text($0.value) } ?? "not measured")"
            }
            return "\(group.name): \(values.joined(separator: ", "))"
        }.joined(separator: "; ") + "."
    }
}
