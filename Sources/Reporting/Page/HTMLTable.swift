// SPDX-License-Identifier: Apache-2.0

/// A table of a report: numbers with their intervals below them and, where it helps, a bar.
public struct HTMLTable: Sendable {
    public struct Cell: Sendable, ExpressibleByStringLiteral {
        public enum Mood: String, Hashable, Sendable { case neutral, good, bad, muted }

        public let text: String
        /// A second, smaller line: an interval, a digest.
        public let detail: String
        /// A share in [0, 1] drawn as a bar under the number.
        public let share: Double?
        public let mood: Mood
        /// Whether the text is prose, which may take several lines.
        public let wraps: Bool

        public init(
            _ text: String, detail: String = "", share: Double? = nil, mood: Mood = .neutral,
            wraps: Bool = false
        ) {
            self.wraps = wraps
            self.text = text
            self.detail = detail
            self.share = share
            self.mood = mood
        }

        /// `98.4 %` with `[98.1, 98.6]` below and a bar.
        public init(_ estimate: Estimate, mood: Mood = .neutral) {
            self.init(
                estimate.percent, detail: estimate.value.isFinite ? estimate.interval : "",
                share: estimate.value.isFinite ? estimate.value : nil, mood: mood)
        }

        public init(stringLiteral text: String) { self.init(text) }
    }

    public let columns: [TextTable.Column]
    /// A row of one cell is a heading over the rows that follow.
    public var rows: [[Cell]]
    public let caption: RichText

    public init(columns: [TextTable.Column], rows: [[Cell]], caption: RichText = "") {
        precondition(rows.allSatisfy { $0.count == columns.count || $0.count == 1 })
        self.columns = columns
        self.rows = rows
        self.caption = caption
    }

    var html: String {
        let heads = columns.map { column in
            "<th scope=\"col\"\(style(column.alignment))>\(Markup.escaped(column.title))</th>"
        }
        let body = rows.map { row in
            if row.count == 1, columns.count > 1 {
                return "<tr class=\"group\"><th scope=\"colgroup\" colspan=\"\(columns.count)\">"
                    + "\(Markup.escaped(row[0].text))</th></tr>"
            }
            let cells = zip(row, columns).enumerated().map { index, pair in
                let (cell, column) = pair
                let tag = index == 0 ? "th scope=\"row\"" : "td"
                let end = index == 0 ? "th" : "td"
                return "<\(tag)\(style(column.alignment, cell))>\(content(cell))</\(end)>"
            }
            return "<tr>\(cells.joined())</tr>"
        }
        let captionElement =
            caption.html.isEmpty ? "" : "<caption><span>\(caption.html)</span></caption>\n"
        return """
            <div class="table"><table\(columns.count > 6 ? " class=\"dense\"" : "")>
            \(captionElement)<thead><tr>\(heads.joined())</tr></thead>
            <tbody>
            \(body.joined(separator: "\n"))
            </tbody></table></div>

            """
    }

    private func content(_ cell: Cell) -> String {
        var html = Markup.escaped(cell.text)
        if !cell.detail.isEmpty {
            html += "<span class=\"detail\">\(Markup.escaped(cell.detail))</span>"
        }
        if let share = cell.share, share.isFinite {
            let width = Markup.number(min(1, max(0, share)) * 100)
            html += "<span class=\"bar\"><i style=\"width:\(width)%\"></i></span>"
        }
        return html
    }

    private func style(_ alignment: TextTable.Alignment, _ cell: Cell? = nil) -> String {
        var classes: [String] = []
        if alignment == .right { classes.append("number") }
        if let mood = cell?.mood, mood != .neutral { classes.append(mood.rawValue) }
        if cell?.wraps == true { classes.append("prose") }
        return classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\""
    }
}
