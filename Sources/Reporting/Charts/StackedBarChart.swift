// SPDX-License-Identifier: Apache-2.0

/// Shares that add up to one, as one bar for each row: gradient amplitudes by size at each
/// temperature.
///
/// The parts are ordered, so they take shades of one colour; parts named as special take a colour
/// and a texture of their own.
public struct StackedBarChart: Chart {
    public struct Row: Sendable {
        public let name: String
        /// One for each part, of any sum; drawn as shares of it.
        public let counts: [Double]

        public init(_ name: String, _ counts: [Double]) {
            self.name = name
            self.counts = counts
        }
    }

    public var title: String
    public var label: String
    /// From the left end of a bar to its right.
    public var parts: [String]
    /// Indices of parts that are not on the scale of the others, such as `exactly 0`.
    public var specialParts: Set<Int>
    public var rows: [Row]
    public var width: Double = 760

    public init(
        _ title: String, label: String, parts: [String], specialParts: Set<Int> = [], rows: [Row]
    ) {
        precondition(rows.allSatisfy { $0.counts.count == parts.count })
        self.title = title
        self.label = label
        self.parts = parts
        self.specialParts = specialParts
        self.rows = rows
    }

    private static let barHeight = 22.0

    public func svg(width: Double) -> SVG {
        let axis = Axis(label, format: .percent, range: 0...1)
        let layout = AxisLayout(axis, values: [], tickCount: 5, isWidened: false)
        let heading = ChartHeading(
            title,
            legend: parts.enumerated().map { index, name in
                Legend.Entry(
                    name: name, series: specialParts.contains(index) ? 1 : 0, isBlock: true,
                    opacity: opacity(of: index))
            }, width: width)
        let frame = RowFrame(
            layout, names: rows.map(\.name), rowHeight: Self.barHeight, width: width,
            top: heading.height, valueRoom: 14)
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
        guard let shares = shares(of: row) else {
            canvas.text(
                "not measured", frame.origin + 6, top + Self.barHeight / 2 + 4, "small muted")
            return
        }
        var sum = 0.0
        for (part, share) in shares.enumerated() where share > 0 {
            guard let start = frame.x(sum), let end = frame.x(min(1, sum + share)) else { continue }
            sum += share
            let isSpecial = specialParts.contains(part)
            let text = NumberText.percent(share)
            canvas.group(tip: "\(row.name), \(parts[part]): \(text)") {
                $0.bar(
                    isSpecial ? 1 : 0, start, top, max(0.5, end - start - 1), Self.barHeight,
                    opacity: opacity(of: part))
            }
            let place = (start + end - 1) / 2
            guard Canvas.width(of: text, size: 11) < end - start - 8 else { continue }
            if isSpecial {
                // Letters over a texture need a ground of their own.
                let half = Canvas.width(of: text, size: 11) / 2 + 3
                canvas.rectangle(
                    place - half, top + 4, 2 * half, Self.barHeight - 8, "surface", radius: 2)
            }
            let isDark = (opacity(of: part) ?? 1) > 0.58 && !isSpecial
            canvas.text(
                text, place, top + Self.barHeight / 2 + 4, isDark ? "small on" : "small",
                anchor: .middle)
        }
    }

    /// Later parts are darker; nil for special ones, which are opaque.
    private func opacity(of part: Int) -> Double? {
        guard !specialParts.contains(part) else { return nil }
        let ordinary = parts.indices.filter { !specialParts.contains($0) }
        guard ordinary.count > 1, let place = ordinary.firstIndex(of: part) else { return 1 }
        return 0.12 + 0.88 * Double(place) / Double(ordinary.count - 1)
    }

    private func shares(of row: Row) -> [Double]? {
        let sum = row.counts.filter { $0.isFinite && $0 > 0 }.reduce(0, +)
        guard sum > 0 else { return nil }
        return row.counts.map { $0.isFinite ? max(0, $0) / sum : 0 }
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [.init("")] + parts.map { .init($0, .right) },
            rows: rows.map { row in
                let shares = shares(of: row)
                return [HTMLTable.Cell(row.name)]
                    + parts.indices.map { part in
                        HTMLTable.Cell(NumberText.percent(shares?[part] ?? .nan))
                    }
            }, caption: RichText(label + "."))
    }

    private var summary: String {
        rows.map { row in
            guard let shares = shares(of: row) else { return "\(row.name): not measured" }
            let values = zip(parts, shares).filter { $0.1 > 0 }
                .map { "\($0.0) \(NumberText.percent($0.1))" }
            return "\(row.name): \(values.joined(separator: ", "))"
        }.joined(separator: "; ") + "."
    }
}
