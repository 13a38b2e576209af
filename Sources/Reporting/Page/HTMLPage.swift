// SPDX-License-Identifier: Apache-2.0

/// A report as one self-contained HTML file: no network, no scripts, no other files.
///
/// Every text is escaped on its way in, since names come from files; a content security policy
/// in the page refuses whatever else might slip through.
public struct HTMLPage: Sendable {
    public struct Section: Sendable {
        public let title: String
        public let blocks: [Block]

        public init(_ title: String, _ blocks: [Block]) {
            self.title = title
            self.blocks = blocks
        }
    }

    /// A number that a reader should see first.
    public struct Tile: Sendable {
        public let label: String
        public let value: String
        public let detail: String

        public init(_ label: String, _ value: String, detail: String = "") {
            self.label = label
            self.value = value
            self.detail = detail
        }
    }

    public enum Block: Sendable {
        case paragraph(RichText)
        case list([RichText])
        /// Names and values: how a model was trained, what a threat model is.
        case facts([(name: String, value: RichText)])
        case tiles([Tile])
        /// A remark that must not be missed.
        case note(RichText)
        case warning(RichText)
        case table(HTMLTable)
        /// Charts side by side where the page is wide enough, each with its numbers and as a file.
        case figure([any Chart], caption: RichText)
        case strips([ImageStrip], caption: RichText)
        /// Text as it is, such as a command line or a JSON recipe.
        case verbatim(String)
        /// Blocks that are folded away until asked for.
        case folded(String, [Block])
    }

    public var title: String
    public var subtitle: RichText
    public var sections: [Section]
    /// The line at the bottom: who wrote the page, from what.
    public var footer: RichText

    public init(
        _ title: String, subtitle: RichText = "", sections: [Section], footer: RichText = ""
    ) {
        self.title = title
        self.subtitle = subtitle
        self.sections = sections
        self.footer = footer
    }

    /// The whole file.
    public var html: String {
        let links = sections.enumerated().map { index, section in
            "<a href=\"#section-\(index + 1)\">\(Markup.escaped(section.title))</a>"
        }
        let body = sections.enumerated().map { index, section in
            """
            <section id="section-\(index + 1)">
            <h2>\(Markup.escaped(section.title))</h2>
            \(section.blocks.map(\.html).joined())</section>

            """
        }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" \
            content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Markup.escaped(title))</title>
            <style>
            \(Palette.variables)\(PageStyle.rules)\(Palette.drawingRules)</style>
            </head>
            <body>
            <header>
            <h1>\(Markup.escaped(title))</h1>
            <p class="subtitle">\(subtitle.html)</p>
            \(links.count > 1 ? "<nav>\(links.joined(separator: "\n"))</nav>" : "")
            </header>
            <main>
            \(body.joined())</main>
            <footer>\(footer.html)</footer>
            </body>
            </html>

            """
    }
}

extension HTMLPage.Block {
    var html: String {
        switch self {
        case .paragraph(let text): return "<p>\(text.html)</p>\n"
        case .list(let items):
            return "<ul>\(items.map { "<li>\($0.html)</li>" }.joined())</ul>\n"
        case .facts(let facts):
            let rows = facts.map { "<dt>\(Markup.escaped($0.name))</dt><dd>\($0.value.html)</dd>" }
            return "<dl>\(rows.joined(separator: "\n"))</dl>\n"
        case .tiles(let tiles):
            let cells = tiles.map { tile in
                let detail =
                    tile.detail.isEmpty
                    ? "" : "<div class=\"detail\">\(Markup.escaped(tile.detail))</div>"
                return "<div class=\"tile\"><div class=\"label\">\(Markup.escaped(tile.label))"
                    + "</div><div class=\"value\">\(Markup.escaped(tile.value))</div>"
                    + "\(detail)</div>"
            }
            return "<div class=\"tiles\">\(cells.joined(separator: "\n"))</div>\n"
        case .note(let text): return "<p class=\"note\">\(text.html)</p>\n"
        case .warning(let text): return "<p class=\"note warning\">\(text.html)</p>\n"
        case .table(let table): return table.html
        case .figure(let charts, let caption):
            return FigureMarkup(charts: charts, caption: caption).html
        case .strips(let strips, let caption):
            return "<figure><div class=\"strips\">\(strips.map(\.html).joined())</div>"
                + "<figcaption>\(caption.html)</figcaption></figure>\n"
        case .verbatim(let text): return "<pre>\(Markup.escaped(text))</pre>\n"
        case .folded(let summary, let blocks):
            return "<details><summary>\(Markup.escaped(summary))</summary>\n"
                + "\(blocks.map(\.html).joined())</details>\n"
        }
    }
}
