// SPDX-License-Identifier: Apache-2.0

/// Text made safe to stand inside HTML and SVG.
enum Markup {
    /// `text` for element content and for attribute values in either kind of quotes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // Line ends and tabs of prose are white space; no other control character may stay.
            case "\n", "\t": result.unicodeScalars.append(scalar)
            default: result += PlainText.visible(String(scalar))
            }
        }
        return result
    }

    /// A coordinate: two decimals without a useless tail.
    static func number(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        guard rounded != rounded.rounded() else { return String(Int(rounded)) }
        return NumberText.fixed(rounded, places: 2).trimmingZeros
    }
}

extension String {
    fileprivate var trimmingZeros: String {
        var text = self[...]
        while text.last == "0" { text = text.dropLast() }
        return String(text)
    }
}
