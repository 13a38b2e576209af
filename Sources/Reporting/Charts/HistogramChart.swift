// SPDX-License-Identifier: Apache-2.0

/// Distributions below each other over one axis, such as the logit gaps of several models.
///
/// All rows share their bins and the scale of their heights, so they can be compared without
/// colours.
public struct HistogramChart: Chart {
    public struct Row: Sendable {
        public let name: String
        /// One for each bin.
        public let counts: [Int]
        /// Marked on the row.
        public let median: Double?

        public init(_ name: String, _ counts: [Int], median: Double? = nil) {
            self.name = name
            self.counts = counts
            self.median = median
        }
    }

    /// An upright line through all rows: where something happens.
    public struct Mark: Sendable {
        public let name: String
        public let x: Double

        public init(_ name: String, x: Double) {
            self.name = name
            self.x = x
        }
    }

    public var title: String
    public var axis: Axis
    /// Ascending; bin i reaches from edge i to edge i + 1.
    public var edges: [Double]
    public var rows: [Row]
    public var marks: [Mark]
    /// Whether the first bin holds all that is below its upper edge, and the last all from its
    /// lower edge on; their other edges are then where the drawing ends.
    public var isOpenBelow = false
    public var isOpenAbove = false
    public var width: Double = 760

    public init(
        _ title: String, axis: Axis, edges: [Double], rows: [Row], marks: [Mark] = []
    ) {
        precondition(rows.allSatisfy { $0.counts.count == max(0, edges.count - 1) })
        self.title = title
        self.axis = axis
        self.edges = edges
        self.rows = rows
        self.marks = marks
    }

    private static let rowHeight = 46.0
    private static let markLine = 16.0

    public func svg(width: Double) -> SVG {
        let layout = AxisLayout(
            axis, values: edges + marks.map(\.x), tickCount: width < 600 ? 5 : 8,
            isWidened: false)
        let heading = ChartHeading(title, width: width)
        let top = heading.height + Double(marks.count) * Self.markLine
        let frame = RowFrame(
            layout, names: rows.map(\.name), rowHeight: Self.rowHeight, width: width, top: top,
            valueRoom: 12)
        var canvas = Canvas()
        heading.draw(on: &canvas)
        frame.drawAxes(on: &canvas)
        let highest = rows.flatMap { densities(of: $0, in: frame) }.max() ?? 1
        for (index, row) in rows.enumerated() {
            draw(row, highest: highest, top: frame.top(of: index), in: frame, on: &canvas)
        }
        drawMarks(in: frame, above: heading.height, on: &canvas)
        return SVG(
            width: width, height: frame.height, title: title, summary: summary,
            content: canvas.content)
    }

    private func draw(
        _ row: Row, highest: Double, top: Double, in frame: RowFrame, on canvas: inout Canvas
    ) {
        let bottom = top + Self.rowHeight
        canvas.line(frame.left, bottom, frame.right, bottom, "axis")
        guard shares(of: row) != nil else {
            canvas.text("not measured", frame.left + 6, bottom - 6, "small muted")
            return
        }
        for (bin, density) in densities(of: row, in: frame).enumerated() where density > 0 {
            guard let start = frame.x(edges[bin]), let end = frame.x(edges[bin + 1]) else {
                continue
            }
            // What is there at all is seen.
            let height = max(1.5, density / highest * Self.rowHeight)
            canvas.group(tip: "\(row.name), \(name(of: bin)): \(text(row, bin))") {
                $0.rectangle(
                    start + 0.5, bottom - height, max(1, end - start - 1), height, "fill c1")
            }
        }
        guard let median = row.median, let x = frame.x(median) else { return }
        canvas.path("M\(Markup.number(x)) \(Markup.number(top))V\(Markup.number(bottom))", "tick")
        let label = "median \(text(median: median))"
        let fits = x + 6 + Canvas.width(of: label, size: 11) < frame.right + 14
        let half = Canvas.width(of: label, size: 11)
        canvas.rectangle(fits ? x + 3 : x - 9 - half, top - 4, half + 6, 14, "veil", radius: 2)
        canvas.text(label, fits ? x + 6 : x - 6, top + 7, "small", anchor: fits ? .start : .end)
    }

    private func drawMarks(in frame: RowFrame, above top: Double, on canvas: inout Canvas) {
        for (index, mark) in marks.enumerated() {
            guard let x = frame.x(mark.x) else { continue }
            let y = top + Double(index) * Self.markLine
            canvas.line(x, y + 5, x, frame.bottom, "curve line c2 dashed")
            let name = Canvas.clipped(mark.name, width: frame.right - frame.left, size: 11)
            let width = Canvas.width(of: name, size: 11)
            let start = min(max(frame.left, x - width / 2), frame.right - width)
            canvas.text(name, start, y, "small muted")
        }
    }

    private func text(median: Double?) -> String {
        guard let median, axis.format == .number else { return axis.text(median) }
        return NumberText.short(median, digits: 3)
    }

    private func shares(of row: Row) -> [Double]? {
        let sum = row.counts.reduce(0, +)
        return sum > 0 ? row.counts.map { Double($0) / Double(sum) } : nil
    }

    /// Shares by the width of their bin, so that areas are shares even where bins differ.
    private func densities(of row: Row, in frame: RowFrame) -> [Double] {
        (shares(of: row) ?? []).enumerated().map { bin, share in
            guard let start = frame.x(edges[bin]), let end = frame.x(edges[bin + 1]), end > start
            else { return 0 }
            return share / (end - start)
        }
    }

    private func name(of bin: Int) -> String {
        if bin == 0, isOpenBelow { return "below \(axis.text(edges[1]))" }
        if bin == edges.count - 2, isOpenAbove { return "\(axis.text(edges[bin])) and more" }
        return "\(axis.text(edges[bin])) to \(axis.text(edges[bin + 1]))"
    }

    private func text(_ row: Row, _ bin: Int) -> String {
        let share = shares(of: row)?[bin] ?? .nan
        return "\(NumberText.count(row.counts[bin])) (\(NumberText.percent(share)))"
    }

    public var numbers: HTMLTable {
        let bins = edges.indices.dropLast().filter { bin in
            rows.contains { $0.counts[bin] > 0 }
        }
        var table = HTMLTable(
            columns: [.init(axis.tableTitle)] + rows.map { .init($0.name, .right) },
            rows: bins.map { bin in
                [HTMLTable.Cell(name(of: bin))] + rows.map { HTMLTable.Cell(text($0, bin)) }
            }, caption: "Rows in each bin; bins without any are left out.")
        if rows.contains(where: { $0.median != nil }) {
            table.rows.append(
                ["median"] + rows.map { HTMLTable.Cell(text(median: $0.median)) })
        }
        if !marks.isEmpty {
            table.rows += marks.map { mark in
                [HTMLTable.Cell(mark.name, detail: axis.text(mark.x))]
                    + rows.map { _ in HTMLTable.Cell("") }
            }
        }
        return table
    }

    private var summary: String {
        "\(axis.label). "
            + rows.map { row in
                let total = NumberText.count(row.counts.reduce(0, +))
                return "\(row.name): \(total) counted"
                    + (row.median.map { ", median \(text(median: $0))" } ?? "")
            }.joined(separator: "; ") + "."
    }
}
