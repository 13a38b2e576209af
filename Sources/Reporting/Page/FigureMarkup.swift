// SPDX-License-Identifier: Apache-2.0

/// Charts on a page: each drawn for a wide and for a narrow one, with its numbers folded below it
/// and a link that saves it.
struct FigureMarkup {
    let charts: [any Chart]
    let caption: RichText

    var html: String {
        "<figure><div class=\"drawings\">\(charts.map(frame).joined())</div>"
            + "<figcaption>\(caption.html)</figcaption></figure>\n"
    }

    private func frame(_ chart: any Chart) -> String {
        let drawing = chart.svg(width: chart.width)
        var html = "<div class=\"frame\">"
        switch chart.narrowForm {
        case .redrawn where drawing.width > SVG.phoneWidth + 10:
            html += "<div class=\"wide\">\(drawing.element)</div>"
            html += "<div class=\"narrow\">\(chart.svg(width: SVG.phoneWidth).element)</div>"
        case .redrawn, .shrunk: html += drawing.element
        case .scrolled: html += "<div class=\"scrolled\">\(drawing.element)</div>"
        }
        return html + "\(tools(chart, drawing))</div>"
    }

    private func tools(_ chart: any Chart, _ drawing: SVG) -> String {
        var links = [Self.link("Save SVG", name: drawing.fileName, to: drawing.dataAddress)]
        if let mosaic = (chart as? ImageGrid)?.mosaic {
            links.append(
                Self.link(
                    "Save PNG", name: SVG.fileName(chart.title, "png"),
                    to: PNG.dataAddress(mosaic)))
        }
        return "<div class=\"tools\">"
            + "<details><summary>Numbers</summary>\(chart.numbers.html)</details>"
            + links.joined(separator: " ") + "</div>"
    }

    /// A link that saves `address`, which holds the file itself.
    static func link(_ text: String, name: String, to address: String) -> String {
        "<a class=\"save\" download=\"\(Markup.escaped(name))\" href=\"\(address)\">"
            + "\(Markup.escaped(text))</a>"
    }
}
