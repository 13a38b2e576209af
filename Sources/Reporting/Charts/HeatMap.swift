// SPDX-License-Identifier: Apache-2.0

/// A matrix with its numbers in it: confusion, transfer from source to target model, success by
/// source and target class, accuracy by corruption and severity.
public struct HeatMap: Chart {
    public var title: String
    public var rowAxis: String
    public var columnAxis: String
    public var rowNames: [String]
    public var columnNames: [String]
    /// Row by row; nil where nothing was measured.
    public var values: [[Double?]]
    public var format: Axis.Format
    /// What the full colour stands for; nil takes the largest value.
    public var fullScale: Double?
    /// Pixels; it grows beyond where its columns need more.
    public var width: Double = 640

    public init(
        _ title: String, rowAxis: String, columnAxis: String, rowNames: [String],
        columnNames: [String], values: [[Double?]], format: Axis.Format = .percent,
        fullScale: Double? = nil
    ) {
        precondition(
            values.count == rowNames.count
                && values.allSatisfy { $0.count == columnNames.count })
        self.title = title
        self.rowAxis = rowAxis
        self.columnAxis = columnAxis
        self.rowNames = rowNames
        self.columnNames = columnNames
        self.values = values
        self.format = format
        self.fullScale = fullScale
    }

    public func svg(width limit: Double) -> SVG {
        let largest = values.joined().compactMap { $0 }.filter(\.isFinite).max() ?? 0
        let scale = max(fullScale ?? largest, .leastNormalMagnitude)
        let isNarrow = limit < 400
        let rows = rowNames.map { Canvas.clipped($0, width: isNarrow ? 62 : 170) }
        let columns = columnNames.map { Canvas.clipped($0, width: isNarrow ? 66 : 130) }
        let left = 34 + (rows.map { Canvas.width(of: $0) }.max() ?? 0) + 8
        let longest = columns.map { Canvas.width(of: $0) }.max() ?? 0
        let share = (limit - left - 12) / Double(max(1, columns.count))
        let slantedShare =
            (limit - left - longest * 0.77) / (Double(max(1, columns.count)) - 0.5)
        let side = min(
            72, max(isNarrow ? 22 : 38, longest > share - 4 ? min(share, slantedShare) : share))
        let height = min(max(side, 26), 40)
        // Names wider than their column are written at a slant.
        let isSlanted = longest > side - 4
        let slantRoom = isSlanted ? longest * 0.77 - side / 2 : 0
        let right = left + Double(columns.count) * side
        let titleWidth = Canvas.width(of: title, size: 14) * 1.07 + 26
        let width = max(right + max(12, slantRoom), min(limit, max(330, titleWidth)))
        let heading = ChartHeading(title, width: width)
        let top = heading.height + 22 + (isSlanted ? longest * 0.64 + 12 : 16)
        let bottom = top + Double(rows.count) * height
        var canvas = Canvas()
        heading.draw(on: &canvas)
        let unit = format == .percent ? ", in %" : ""
        let axisName = Canvas.clipped(columnAxis + unit, width: width - 24)
        let half = Canvas.width(of: axisName) / 2
        canvas.text(
            axisName, min(max((left + right) / 2, 12 + half), width - 12 - half),
            heading.height + 10, "muted", anchor: .middle)
        canvas.text(
            Canvas.clipped(rowAxis, width: bottom - heading.height), 20,
            (top + bottom) / 2, "muted", anchor: .middle,
            rotation: -90)
        for (index, name) in columns.enumerated() {
            let x = left + (Double(index) + 0.5) * side
            if isSlanted {
                canvas.text(name, x, top - 8, rotation: -40)
            } else {
                canvas.text(name, x, top - 7, anchor: .middle)
            }
        }
        for (row, name) in rows.enumerated() {
            let y = top + Double(row) * height
            canvas.text(name, left - 8, y + height / 2 + 4, anchor: .end)
            for column in columns.indices {
                let cell = Cell(
                    row: row, column: column, x: left + Double(column) * side, y: y,
                    width: side, height: height)
                draw(cell, scale: scale, on: &canvas)
            }
        }
        return SVG(
            width: width, height: bottom + 14, title: title, summary: summary,
            content: canvas.content)
    }

    private struct Cell {
        let row, column: Int
        let x, y, width, height: Double
    }

    private func draw(_ cell: Cell, scale: Double, on canvas: inout Canvas) {
        let value = values[cell.row][cell.column]
        let share = value.flatMap { $0.isFinite ? min(1, max(0, $0 / scale)) : nil }
        let place = "\(rowNames[cell.row]), \(columnNames[cell.column])"
        canvas.group(tip: "\(place): \(text(value))") {
            if let share {
                // A floor below which no colour falls, so that a zero still has a cell.
                $0.rectangle(
                    cell.x + 1, cell.y + 1, cell.width - 2, cell.height - 2,
                    share == 0 ? "empty" : "fill c1", radius: 2,
                    opacity: share == 0 ? nil : 0.08 + 0.92 * share)
            }
            // White on the dark half of the scale.
            let style = (share ?? 0) > 0.55 ? "small on" : share == 0 ? "small muted" : "small"
            $0.text(
                label(value, room: cell.width - 4), cell.x + cell.width / 2,
                cell.y + cell.height / 2 + 4, style, anchor: .middle)
        }
    }

    /// The value with its unit.
    private func text(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "–" }
        return format == .number
            ? NumberText.short(value, digits: 3) : Axis("", format: format).text(value)
    }

    /// The value as it stands in a cell: without unit, and with fewer digits where there is no
    /// room.
    private func label(_ value: Double?, room: Double) -> String {
        guard let value, value.isFinite else { return "–" }
        let forms: [String] =
            switch format {
            case .percent:
                [NumberText.fixed(value * 100), NumberText.fixed(value * 100, places: 0)]
            case .integer: [text(value)]
            case .number: [3, 2].map { NumberText.short(value, digits: $0) }
            }
        return forms.first { Canvas.width(of: $0, size: 11) <= room } ?? forms[forms.count - 1]
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [.init("\(rowAxis) \\ \(columnAxis)")]
                + columnNames.map { .init($0, .right) },
            rows: zip(rowNames, values).map { name, row in
                [HTMLTable.Cell(name)] + row.map { HTMLTable.Cell(text($0)) }
            })
    }

    private var summary: String {
        "\(rowAxis) by \(columnAxis). "
            + zip(rowNames, values).map { name, row in
                "\(name): \(row.map(text).joined(separator: ", "))"
            }.joined(separator: "; ") + "."
    }
}
