// SPDX-License-Identifier: Apache-2.0

/// Collects the elements of a drawing; every text that enters is escaped here.
struct Canvas {
    private(set) var content = ""

    enum Anchor: String { case start, middle, end }

    mutating func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
    ) {
        content +=
            "<line x1=\"\(Markup.number(x1))\" y1=\"\(Markup.number(y1))\""
            + " x2=\"\(Markup.number(x2))\" y2=\"\(Markup.number(y2))\" class=\"\(style)\"/>\n"
    }

    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String,
        radius: Double = 0, opacity: Double? = nil
    ) {
        content +=
            "<rect x=\"\(Markup.number(x))\" y=\"\(Markup.number(y))\""
            + " width=\"\(Markup.number(max(0, width)))\" height=\"\(Markup.number(height))\""
        if radius > 0 { content += " rx=\"\(Markup.number(radius))\"" }
        if let opacity { content += " fill-opacity=\"\(Markup.number(opacity))\"" }
        content += " class=\"\(style)\"/>\n"
    }

    mutating func text(
        _ text: String, _ x: Double, _ y: Double, _ style: String = "", anchor: Anchor = .start,
        rotation: Double = 0
    ) {
        content += "<text x=\"\(Markup.number(x))\" y=\"\(Markup.number(y))\""
        if !style.isEmpty { content += " class=\"\(style)\"" }
        if anchor != .start { content += " text-anchor=\"\(anchor.rawValue)\"" }
        if rotation != 0 {
            content +=
                " transform=\"rotate(\(Markup.number(rotation)) \(Markup.number(x))"
                + " \(Markup.number(y)))\""
        }
        content += ">\(Markup.escaped(text))</text>\n"
    }

    mutating func path(_ data: String, _ style: String) {
        content += "<path d=\"\(data)\" class=\"\(style)\"/>\n"
    }

    /// A picture stretched to the rectangle, its pixels kept sharp.
    mutating func image(
        _ address: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double
    ) {
        content +=
            "<image x=\"\(Markup.number(x))\" y=\"\(Markup.number(y))\""
            + " width=\"\(Markup.number(width))\" height=\"\(Markup.number(height))\""
            + " preserveAspectRatio=\"none\" class=\"pixels\" href=\"\(address)\"/>\n"
    }

    /// A group that shows `tip` when pointed at.
    mutating func group(tip: String, _ body: (inout Canvas) -> Void) {
        content += "<g><title>\(Markup.escaped(tip))</title>\n"
        body(&self)
        content += "</g>\n"
    }

    /// A mark of series `index`: the shape differs too, for readers who see no colour, and is
    /// hollow from the fifth on.
    mutating func marker(_ index: Int, _ x: Double, _ y: Double) {
        let at = { (dx: Double, dy: Double) in
            "\(Markup.number(x + dx)) \(Markup.number(y + dy))"
        }
        let colour = Palette.series(index)
        let style = index % 8 < 4 ? "dot fill \(colour)" : "hollow line \(colour)"
        switch index % 4 {
        case 0:
            content +=
                "<circle cx=\"\(Markup.number(x))\" cy=\"\(Markup.number(y))\" r=\"3.6\""
                + " class=\"\(style)\"/>\n"
        case 1: path("M\(at(-3.3, -3.3))h6.6v6.6h-6.6z", style)
        case 2: path("M\(at(0, -4.4))L\(at(4.2, 3.2))L\(at(-4.2, 3.2))z", style)
        default: path("M\(at(0, -4.6))L\(at(4.6, 0))L\(at(0, 4.6))L\(at(-4.6, 0))z", style)
        }
    }

    /// "M x y L x y ...".
    static func polyline(_ points: [(x: Double, y: Double)]) -> String {
        points.enumerated().map { index, point in
            "\(index == 0 ? "M" : "L")\(Markup.number(point.x)) \(Markup.number(point.y))"
        }.joined()
    }

    /// About how wide `text` is drawn, in pixels: good enough to leave room for it.
    static func width(of text: String, size: Double = 12) -> Double {
        let units = text.unicodeScalars.reduce(0.0) { total, scalar in
            switch scalar {
            case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!", "(", ")", "[", "]", " ",
                "f", "t", "/", "-":
                total + 0.34
            case "m", "w", "M", "W", "%", "@": total + 0.88
            case "A"..."Z": total + 0.68
            case _ where scalar.value >= 0x1100: total + 1
            default: total + 0.57
            }
        }
        // DejaVu, the usual fallback on Linux, is wider than most.
        return units * size * 1.07
    }

    /// `text` on as many lines as it takes, none wider than about `width` pixels; broken at spaces
    /// where there are any, and clipped after `limit` lines.
    static func wrapped(
        _ text: String, width limit: Double, size: Double = 12, lines most: Int = 3
    ) -> [String] {
        var lines: [String] = []
        var current = ""
        var words = PlainText.visible(text).split(separator: " ").map(String.init)[...]
        while let word = words.first {
            let longer = current.isEmpty ? word : current + " " + word
            if width(of: longer, size: size) <= limit || current.isEmpty {
                current = longer
                words.removeFirst()
            } else if lines.count + 1 == most {
                break
            } else {
                lines.append(current)
                current = ""
            }
        }
        let rest = ([current] + words).filter { !$0.isEmpty }.joined(separator: " ")
        return (lines + (rest.isEmpty ? [] : [rest])).map {
            clipped($0, width: limit, size: size)
        }
    }

    /// `text` clipped so that it is drawn in about `width` pixels.
    static func clipped(_ text: String, width limit: Double, size: Double = 12) -> String {
        var text = PlainText.visible(text)
        guard width(of: text, size: size) > limit else { return text }
        while !text.isEmpty, width(of: text, size: size) > limit - size * 0.8 { text.removeLast() }
        return text + "…"
    }
}
