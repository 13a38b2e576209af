// SPDX-License-Identifier: Apache-2.0

/// The names of a chart's series, in rows above the plot.
struct Legend {
    struct Entry {
        let name: String
        let series: Int
        var isDashed = false
        var hasMarker = false
        var isBlock = false
        /// How opaque a block is.
        var opacity: Double?
        /// A mark without a line.
        var isLone = false
    }

    private let placed: [(entry: Entry, text: String, x: Double, row: Int)]
    /// Pixels that the rows take.
    let height: Double
    private static let rowHeight = 20.0
    private static let swatchWidth = 24.0

    init(_ entries: [Entry], width: Double) {
        var placed: [(Entry, String, Double, Int)] = []
        var (x, row) = (0.0, 0)
        for entry in entries {
            let text = Canvas.clipped(entry.name, width: width - 60)
            let advance = Self.swatchWidth + 7 + Canvas.width(of: text) + 18
            if x > 0, x + advance > width {
                x = 0
                row += 1
            }
            placed.append((entry, text, x, row))
            x += advance
        }
        self.placed = placed
        height = entries.isEmpty ? 0 : Double(row + 1) * Self.rowHeight
    }

    func draw(on canvas: inout Canvas, x left: Double, y top: Double) {
        for (entry, text, x, row) in placed {
            let (start, middle) = (left + x, top + (Double(row) + 0.5) * Self.rowHeight)
            let colour = Palette.series(entry.series)
            if entry.isBlock {
                canvas.bar(
                    entry.series, start + 4, middle - 6, 18, 12, opacity: entry.opacity)
            } else if entry.isLone {
                canvas.marker(entry.series, start + Self.swatchWidth / 2, middle)
            } else {
                canvas.line(
                    start, middle, start + Self.swatchWidth, middle,
                    "curve line \(colour)\(entry.isDashed ? " dashed" : "")")
                if entry.hasMarker {
                    canvas.marker(entry.series, start + Self.swatchWidth / 2, middle)
                }
            }
            canvas.text(text, start + Self.swatchWidth + 7, middle + 4)
        }
    }
}
