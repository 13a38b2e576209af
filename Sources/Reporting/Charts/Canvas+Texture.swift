// SPDX-License-Identifier: Apache-2.0

extension Canvas {
    /// A bar of series `index`: colour and a texture of its own, for readers who see no colour and
    /// for grey printers. Textures are drawn as lines, since a pattern would need a name that is
    /// unique on the whole page.
    mutating func bar(
        _ index: Int, _ x: Double, _ y: Double, _ width: Double, _ height: Double,
        opacity: Double? = nil
    ) {
        rectangle(
            x, y, width, height, "fill \(Palette.series(index))", radius: min(2, width / 2),
            opacity: opacity)
        let texture = Self.texture(index, x, y, width, height)
        if !texture.isEmpty { path(texture, "texture") }
    }

    /// Plain, slanted, upright, lying, and slanted the other way, in turn.
    private static func texture(
        _ index: Int, _ x: Double, _ y: Double, _ width: Double, _ height: Double
    ) -> String {
        guard width > 3, height > 3 else { return "" }
        switch index % 5 {
        case 1: return slanted(x, y, width, height, isRising: true)
        case 2:
            return stride(from: x + 4, to: x + width - 0.5, by: 5).map {
                "M\(Markup.number($0)) \(Markup.number(y))v\(Markup.number(height))"
            }.joined()
        case 3:
            return stride(from: y + 3, to: y + height - 0.5, by: 4).map {
                "M\(Markup.number(x)) \(Markup.number($0))h\(Markup.number(width))"
            }.joined()
        case 4: return slanted(x, y, width, height, isRising: false)
        default: return ""
        }
    }

    /// Lines at 45 degrees, cut at the edges of the bar.
    private static func slanted(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, isRising: Bool
    ) -> String {
        var data = ""
        for offset in stride(from: 6.0, to: width + height - 0.5, by: 6) {
            // Points where u + v = offset, u to the right, v up or down.
            let (u1, u2) = (max(0, offset - height), min(offset, width))
            let (v1, v2) = (offset - u1, offset - u2)
            let row = { (v: Double) in Markup.number(isRising ? y + v : y + height - v) }
            data += "M\(Markup.number(x + u1)) \(row(v1))"
            data += "L\(Markup.number(x + u2)) \(row(v2))"
        }
        return data
    }

    /// An interval: a line between two short bars.
    mutating func whisker(from low: Double, to high: Double, y: Double) {
        path(
            "M\(Markup.number(low)) \(Markup.number(y - 3.5))v7m0 -3.5"
                + "H\(Markup.number(high))m0 -3.5v7", "whisker")
    }
}
