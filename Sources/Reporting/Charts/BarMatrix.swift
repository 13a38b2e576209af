// SPDX-License-Identifier: Apache-2.0

/// A small bar with its number for every row and column: a teacher's probabilities of all classes
/// at several temperatures ("dark knowledge": Hinton, Vinyals and Dean, 2015, section 1).
public struct BarMatrix: Chart {
    public var title: String
    public var columnNames: [String]
    public var rowNames: [String]
    /// Row by row, shares in [0, 1].
    public var values: [[Double]]
    /// A row to be stressed, such as the true class.
    public var stressedRow: Int?
    public var width: Double = SVG.halfPageWidth

    public init(
        _ title: String, rowNames: [String], columnNames: [String], values: [[Double]],
        stressedRow: Int? = nil
    ) {
        precondition(
            values.count == rowNames.count
                && values.allSatisfy { $0.count == columnNames.count })
        self.title = title
        self.rowNames = rowNames
        self.columnNames = columnNames
        self.values = values
        self.stressedRow = stressedRow
    }

    private static let rowHeight = 21.0
    private static let textRoom = 44.0

    public func svg(width: Double) -> SVG {
        let heading = ChartHeading(title, width: width)
        let names = rowNames.map { Canvas.clipped($0, width: width / 4) }
        let left = 12 + (names.map { Canvas.width(of: $0) }.max() ?? 0) * 1.06 + 10
        let pitch = (width - 10 - left) / Double(max(1, columnNames.count))
        let barRoom = max(12, pitch - Self.textRoom - 8)
        let top = heading.height + 20
        let bottom = top + Double(names.count) * Self.rowHeight
        var canvas = Canvas()
        heading.draw(on: &canvas)
        for (column, name) in columnNames.enumerated() {
            let x = left + Double(column) * pitch
            canvas.text(Canvas.clipped(name, width: pitch - 4), x, top - 7, "muted")
            canvas.line(x, top, x, bottom, "axis")
        }
        for (row, name) in names.enumerated() {
            let y = top + Double(row) * Self.rowHeight
            let isStressed = row == stressedRow
            canvas.text(
                name, left - 10, y + 15, isStressed ? "strong" : "", anchor: .end)
            for (column, value) in values[row].enumerated() where value.isFinite {
                let x = left + Double(column) * pitch
                let length = min(1, max(0, value)) * barRoom
                let text = Self.text(value)
                canvas.group(tip: "\(rowNames[row]), \(columnNames[column]): \(text)") {
                    $0.bar(isStressed ? 1 : 0, x, y + 4, length, Self.rowHeight - 8)
                    $0.text(
                        text, x + length + 5, y + 15, isStressed ? "small strong" : "small")
                }
            }
        }
        return SVG(
            width: width, height: bottom + 12, title: title, summary: summary,
            content: canvas.content)
    }

    /// `0.934`, `2e-05`: what is small is what this picture is about.
    private static func text(_ value: Double) -> String {
        if value >= 0.01 || value == 0 {
            return NumberText.fixed(value, places: value > 0.9995 || value == 0 ? 0 : 3)
        }
        return NumberText.short(value, digits: 1).replacingExponentZeros
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [.init("")] + columnNames.map { .init($0, .right) },
            rows: zip(rowNames, values).map { name, row in
                [HTMLTable.Cell(name)] + row.map { HTMLTable.Cell(Self.text($0)) }
            })
    }

    private var summary: String {
        zip(rowNames, values).map { name, row in
            "\(name): \(row.map(Self.text).joined(separator: ", "))"
        }.joined(separator: "; ") + "."
    }
}

extension String {
    /// `2e-5` for `2e-05`.
    fileprivate var replacingExponentZeros: String {
        guard let exponent = firstIndex(of: "e") else { return self }
        let sign = self[index(after: exponent)...].prefix { !$0.isNumber }
        let digits = self[index(after: exponent)...].drop { !$0.isNumber }.drop { $0 == "0" }
        return self[..<exponent] + "e" + sign + (digits.isEmpty ? "0" : digits)
    }
}
