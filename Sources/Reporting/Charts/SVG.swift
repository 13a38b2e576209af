// SPDX-License-Identifier: Apache-2.0

/// A finished drawing.
public struct SVG: Hashable, Sendable {
    /// The width at which two drawings stand side by side in an ``HTMLPage``, each at full size.
    public static let halfPageWidth = 470.0

    /// The width of a drawing on a telephone's page, 390 pixels less the margins.
    public static let phoneWidth = 350.0

    /// Size in CSS pixels at 100 %.
    public let width: Double
    public let height: Double
    /// Read out by screen readers, shown as the drawing's name.
    public let title: String
    public let summary: String
    let content: String

    init(width: Double, height: Double, title: String, summary: String, content: String) {
        self.width = width
        self.height = height
        self.title = title
        self.summary = summary
        self.content = content
    }

    /// The element for a page, which brings the style (``HTMLPage`` does).
    public var element: String { element(style: "") }

    /// A file of its own, with its style: follows the reader's light or dark setting.
    public var document: String {
        let style =
            "<style>\(Palette.variables)\(Palette.drawingRules)</style>\n"
            + "<rect class=\"surface\" width=\"100%\" height=\"100%\"/>\n"
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + element(style: style)
    }

    /// A file name for the drawing, from its title: `accuracy-against-epsilon.svg`.
    var fileName: String { Self.fileName(title, "svg") }

    static func fileName(_ title: String, _ ending: String) -> String {
        let words = title.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        let name = words.joined(separator: "-").prefix(60)
        return (name.isEmpty ? "drawing" : name) + "." + ending
    }

    /// The file as an address for a link.
    var dataAddress: String {
        "data:image/svg+xml;base64," + Base64.encoded(Array(document.utf8))
    }

    private func element(style: String) -> String {
        let (width, height) = (Markup.number(width), Markup.number(height))
        return """
            <svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" \
            viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)">
            <title>\(Markup.escaped(title))</title>
            <desc>\(Markup.escaped(summary))</desc>
            \(style)\(content)</svg>

            """
    }
}
