// SPDX-License-Identifier: Apache-2.0

/// Pictures by row and column in one drawing: every source class turned into every target class
/// (Papernot et al., "The limitations of deep learning in adversarial settings", 2016, figure 1).
///
/// All pictures are one PNG inside the drawing, so that ten by ten of them stay small.
public struct ImageGrid: Chart {
    public struct Cell: Sendable {
        public enum Mark: Hashable, Sendable {
            /// Nothing is drawn over the picture.
            case none
            /// A frame: the clean image.
            case framed
            /// A cross in the corner: the attack failed.
            case failed
        }

        public let image: PixelImage
        public let mark: Mark
        /// Read out and shown when pointed at; stands in the table.
        public let text: String

        public init(_ image: PixelImage, mark: Mark = .none, text: String) {
            self.image = image
            self.mark = mark
            self.text = text
        }
    }

    public var title: String
    public var rowAxis: String
    public var columnAxis: String
    public var rowNames: [String]
    public var columnNames: [String]
    /// Row by row, all pictures of one size; nil where there is none.
    public var cells: [[Cell?]]
    public var width: Double = 640
    /// Text is large in it, so that it can shrink to a telephone.
    public var narrowForm: NarrowForm { .shrunk }

    public init(
        _ title: String, rowAxis: String, columnAxis: String, rowNames: [String],
        columnNames: [String], cells: [[Cell?]]
    ) {
        precondition(
            cells.count == rowNames.count && cells.allSatisfy { $0.count == columnNames.count })
        self.title = title
        self.rowAxis = rowAxis
        self.columnAxis = columnAxis
        self.rowNames = rowNames
        self.columnNames = columnNames
        self.cells = cells
    }

    /// All pictures at their own size, a pixel apart: what "save as PNG" saves.
    public var mosaic: PixelImage? {
        PixelImage.mosaic(cells.map { $0.map { $0?.image } })
    }

    private static let textSize = 17.0

    public func svg(width: Double) -> SVG {
        let rows = rowNames.map { Canvas.clipped($0, width: 130, size: Self.textSize) }
        let left = 40 + (rows.map { Canvas.width(of: $0, size: Self.textSize) }.max() ?? 0) + 8
        let side = (width - left - 12) / Double(max(1, columnNames.count))
        let columns = columnNames.map {
            Canvas.clipped($0, width: 130, size: Self.textSize)
        }
        let longest = columns.map { Canvas.width(of: $0, size: Self.textSize) }.max() ?? 0
        let isSlanted = longest > side - 4
        let titles = Canvas.wrapped(title, width: width - 24, size: Self.textSize)
        let head = 14 + Double(titles.count) * 22
        let top = head + 26 + (isSlanted ? longest * 0.64 + 14 : 24)
        let bottom = top + Double(rows.count) * side
        var canvas = Canvas()
        for (index, line) in titles.enumerated() {
            canvas.text(line, 12, 24 + Double(index) * 22, "large strong")
        }
        canvas.text(columnAxis, (left + width - 12) / 2, head + 16, "large muted", anchor: .middle)
        canvas.text(rowAxis, 24, (top + bottom) / 2, "large muted", anchor: .middle, rotation: -90)
        if let mosaic {
            canvas.image(
                PNG.dataAddress(mosaic), left, top, side * Double(columns.count), bottom - top)
        }
        for (index, name) in columns.enumerated() {
            let x = left + (Double(index) + 0.5) * side
            canvas.text(
                name, x, top - 8, "large", anchor: isSlanted ? .start : .middle,
                rotation: isSlanted ? -40 : 0)
        }
        for (row, name) in rows.enumerated() {
            let y = top + Double(row) * side
            canvas.text(name, left - 8, y + side / 2 + 6, "large", anchor: .end)
            for (column, cell) in cells[row].enumerated() {
                draw(
                    cell, row, column, x: left + Double(column) * side, y: y, side: side,
                    on: &canvas)
            }
        }
        return SVG(
            width: width, height: bottom + 14, title: title, summary: summary,
            content: canvas.content)
    }

    private func draw(
        _ cell: Cell?, _ row: Int, _ column: Int, x: Double, y: Double, side: Double,
        on canvas: inout Canvas
    ) {
        guard let cell else {
            canvas.text("–", x + side / 2, y + side / 2 + 6, "large muted", anchor: .middle)
            return
        }
        canvas.group(tip: "\(rowNames[row]), \(columnNames[column]): \(cell.text)") {
            $0.rectangle(
                x + 1, y + 1, side - 2, side - 2, cell.mark == .framed ? "frame" : "hit")
            if cell.mark == .failed {
                let corner = Markup.number(x + side - 15) + " " + Markup.number(y + 4)
                $0.rectangle(x + side - 17, y + 2, 15, 15, "surface", radius: 2)
                $0.path("M\(corner)l11 11m0 -11l-11 11", "failure")
            }
        }
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [.init("\(rowAxis) \\ \(columnAxis)")] + columnNames.map { .init($0) },
            rows: zip(rowNames, cells).map { name, row in
                [HTMLTable.Cell(name)] + row.map { HTMLTable.Cell($0?.text ?? "–") }
            })
    }

    private var summary: String {
        let failed = cells.joined().count { $0?.mark == .failed }
        return "\(rowAxis) by \(columnAxis): \(rowNames.count) by \(columnNames.count) pictures"
            + (failed == 0 ? "." : "; \(failed) are marked as failed.")
    }
}
