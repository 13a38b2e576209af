// SPDX-License-Identifier: Apache-2.0

/// A value before and after, joined by a line, one row each: confidence on clean images and on
/// adversarial ones.
public struct BeforeAfterChart: Chart {
    public struct Row: Sendable {
        public let name: String
        public let before: Estimate?
        public let after: Estimate?

        public init(_ name: String, before: Estimate?, after: Estimate?) {
            self.name = name
            self.before = before
            self.after = after
        }
    }

    public var title: String
    public var axis: Axis
    public var beforeName: String
    public var afterName: String
    public var rows: [Row]
    public var width: Double = 760

    public init(
        _ title: String, axis: Axis, beforeName: String, afterName: String, rows: [Row]
    ) {
        self.title = title
        self.axis = axis
        self.beforeName = beforeName
        self.afterName = afterName
        self.rows = rows
    }

    private static let rowHeight = 34.0

    public func svg(width: Double) -> SVG {
        let all = rows.flatMap { [$0.before, $0.after] }.compactMap { $0 }
        let layout = AxisLayout(
            axis, values: all.flatMap { [$0.value, $0.lower, $0.upper] }, tickCount: 5,
            isWidened: true)
        let heading = ChartHeading(
            title,
            legend: [
                Legend.Entry(name: beforeName, series: 0, hasMarker: true),
                Legend.Entry(name: afterName, series: 1, hasMarker: true),
            ], width: width)
        let frame = RowFrame(
            layout, names: rows.map(\.name), rowHeight: Self.rowHeight, width: width,
            top: heading.height,
            valueRoom: (all.map { Canvas.width(of: axis.text($0.value), size: 11) }.max() ?? 0) + 8
        )
        var canvas = Canvas()
        heading.draw(on: &canvas)
        frame.drawAxes(on: &canvas)
        for (index, row) in rows.enumerated() {
            draw(row, top: frame.top(of: index), in: frame, on: &canvas)
        }
        return SVG(
            width: width, height: frame.height, title: title, summary: summary,
            content: canvas.content)
    }

    private func draw(_ row: Row, top: Double, in frame: RowFrame, on canvas: inout Canvas) {
        let (upper, lower) = (top + Self.rowHeight * 0.28, top + Self.rowHeight * 0.76)
        let places = [(row.before, upper), (row.after, lower)].map { value, y in
            (value.flatMap { frame.x($0.value) }, y)
        }
        if let before = places[0].0, let after = places[1].0 {
            canvas.path(Canvas.polyline([(before, upper), (after, lower)]), "edge")
        }
        for (index, name) in [beforeName, afterName].enumerated() {
            let value = index == 0 ? row.before : row.after
            let y = places[index].1
            guard let value, let x = places[index].0 else {
                canvas.text("not measured", frame.left + 6, y + 4, "small muted")
                continue
            }
            var end = x
            if value.upper > value.lower, let low = frame.x(value.lower),
                let high = frame.x(value.upper)
            {
                canvas.whisker(from: low, to: high, y: y)
                end = max(x, high)
            }
            let text = axis.text(value.value)
            canvas.group(tip: "\(row.name), \(name): \(text)") { $0.marker(index, x, y) }
            canvas.text(text, end + 8, y + 4, "small")
        }
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [.init(""), .init(beforeName, .right), .init(afterName, .right)],
            rows: rows.map { row in
                [HTMLTable.Cell(row.name)]
                    + [row.before, row.after].map { value in
                        axis.cell(value?.value, band: value.map { $0.lower...$0.upper })
                    }
            }, caption: RichText(axis.tableTitle + "."))
    }

    private var summary: String {
        rows.map {
            "\($0.name): \(axis.text($0.before?.value)) \(beforeName), "
                + "\(axis.text($0.after?.value)) \(afterName)"
        }.joined(separator: "; ") + "."
    }
}
