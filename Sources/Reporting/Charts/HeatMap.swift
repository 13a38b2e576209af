// SPDX-License-Identifier: Apache-2.0

/// A matrix with its numbers in it: confusion, or transfer from source to target model.
public struct HeatMap: Sendable {
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

    public func svg() -> SVG {
        let largest = values.joined().compactMap { $0 }.filter(\.isFinite).max() ?? 0
        let scale = max(fullScale ?? largest, .leastNormalMagnitude)
        let rows = rowNames.map { Canvas.clipped($0, width: 170) }
        let columns = columnNames.map { Canvas.clipped($0, width: 130) }
        let left = 34 + (rows.map { Canvas.width(of: $0) }.max() ?? 0) + 8
        let side = min(72, max(38, (640 - left - 12) / Double(max(1, columns.count))))
        let height = min(side, 40)
        let longest = columns.map { Canvas.width(of: $0) }.max() ?? 0
        // Names wider than their column are written at a slant.
        let isSlanted = longest > side - 6
        let top = 52 + (isSlanted ? longest * 0.64 + 12 : 18)
        let slantRoom = isSlanted ? longest * 0.77 - side / 2 : 0
        let right = left + Double(columns.count) * side
        let bottom = top + Double(rows.count) * height
        var canvas = Canvas()
        let width = max(right + max(12, slantRoom), 12 + Canvas.width(of: title, size: 15) + 12)
        canvas.text(title, 12, 21, "heading")
        let unit = format == .percent ? ", in %" : ""
        canvas.text(columnAxis + unit, (left + right) / 2, 42, "muted", anchor: .middle)
        canvas.text(rowAxis, 20, (top + bottom) / 2, "muted", anchor: .middle, rotation: -90)
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
        canvas.group(tip: "\(place): \(text(value, unit: true))") {
            if let share {
                $0.rectangle(cell.x, cell.y, cell.width, cell.height, "empty", radius: 2)
                $0.rectangle(
                    cell.x + 1, cell.y + 1, cell.width - 2, cell.height - 2, "fill c1", radius: 2,
                    opacity: share)
            }
            // White on the dark half of the scale.
            let style = (share ?? 0) > 0.58 ? "small on" : share == 0 ? "small muted" : "small"
            $0.text(
                text(value, unit: false), cell.x + cell.width / 2, cell.y + cell.height / 2 + 4,
                style, anchor: .middle)
        }
    }

    private func text(_ value: Double?, unit: Bool) -> String {
        guard let value, value.isFinite else { return "–" }
        switch format {
        case .percent: return unit ? NumberText.percent(value) : NumberText.fixed(value * 100)
        case .integer: return NumberText.count(Int(value.rounded()))
        case .number: return NumberText.short(value, digits: 3)
        }
    }

    private var summary: String {
        "\(rowAxis) by \(columnAxis). "
            + zip(rowNames, values).map { name, row in
                "\(name): \(row.map { text($0, unit: true) }.joined(separator: ", "))"
            }.joined(separator: "; ") + "."
    }
}
