// SPDX-License-Identifier: Apache-2.0

/// A table for a terminal or a pipe, its columns aligned.
public struct TextTable: Sendable {
    public enum Alignment: Hashable, Sendable { case left, right }

    public struct Column: Hashable, Sendable {
        public let title: String
        public let alignment: Alignment

        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    public enum Style: Hashable, Sendable {
        /// Lines drawn with box characters, for a terminal.
        case box
        /// Two spaces between columns and a line of dashes, for pipes and logs.
        case plain
    }

    private enum Line: Sendable {
        case row([String])
        case rule
    }

    public let columns: [Column]
    private var lines: [Line] = []

    public init(columns: [Column]) {
        self.columns = columns.map { Column(PlainText.visible($0.title), $0.alignment) }
    }

    /// Adds a row; missing cells are empty, cells beyond the last column are a programmer error.
    public mutating func append(_ cells: [String]) {
        precondition(cells.count <= columns.count, "a row has more cells than the table columns")
        let padding = [String](repeating: "", count: columns.count - cells.count)
        lines.append(.row(cells.map(PlainText.visible) + padding))
    }

    /// Adds a line between groups of rows.
    public mutating func appendRule() {
        lines.append(.rule)
    }

    /// The table as text, each line ended by a newline.
    ///
    /// - Parameter width: columns there are; when the table is wider, its widest left-aligned
    ///   columns are clipped with an ellipsis. Numbers are never clipped.
    public func text(style: Style = .box, width: Int? = nil) -> String {
        let widths = columnWidths(style: style, limit: width)
        var text = ""
        let edge = style == .box
        if edge { text += rule("┌", "┬", "┐", widths) }
        text += row(columns.map(\.title), widths, style)
        text += edge ? rule("├", "┼", "┤", widths) : dashes(widths)
        for line in lines {
            switch line {
            case .row(let cells): text += row(cells, widths, style)
            case .rule: text += edge ? rule("├", "┼", "┤", widths) : dashes(widths)
            }
        }
        if edge { text += rule("└", "┴", "┘", widths) }
        return text
    }

    private func columnWidths(style: Style, limit: Int?) -> [Int] {
        var widths = columns.map { PlainText.columns($0.title) }
        for case .row(let cells) in lines {
            for (index, cell) in cells.enumerated() {
                widths[index] = max(widths[index], PlainText.columns(cell))
            }
        }
        guard let limit else { return widths }
        let between = style == .box ? 3 * columns.count + 1 : 2 * (columns.count - 1)
        var excess = widths.reduce(0, +) + between - limit
        let shortest = 8
        while excess > 0 {
            let clippable = columns.indices.filter {
                columns[$0].alignment == .left && widths[$0] > shortest
            }
            guard let widest = clippable.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func row(_ cells: [String], _ widths: [Int], _ style: Style) -> String {
        let padded = zip(cells, zip(columns, widths)).map { cell, format in
            let (column, width) = format
            let text = PlainText.clipped(cell, to: width)
            let space = String(repeating: " ", count: max(0, width - PlainText.columns(text)))
            return column.alignment == .left ? text + space : space + text
        }
        if style == .box { return "│ " + padded.joined(separator: " │ ") + " │\n" }
        let line = padded.joined(separator: "  ")
        return line.prefix(
            upTo: line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)
            + "\n"
    }

    private func rule(_ left: String, _ middle: String, _ right: String, _ widths: [Int]) -> String
    {
        left
            + widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: middle)
            + right + "\n"
    }

    private func dashes(_ widths: [Int]) -> String {
        widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ") + "\n"
    }
}
