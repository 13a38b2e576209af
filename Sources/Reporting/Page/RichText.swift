// SPDX-License-Identifier: Apache-2.0

/// A run of prose with a few stressed words. Plain strings are escaped; there is no way to put
/// markup in.
///
///     let text: RichText = "Stored in " + .code(path) + ", which is " + .strong("not") + " shared."
public struct RichText: Hashable, Sendable, ExpressibleByStringLiteral {
    let html: String

    private init(html: String) { self.html = html }

    public init(_ text: String) { self.init(html: Markup.escaped(text)) }
    public init(stringLiteral text: String) { self.init(text) }

    public static func strong(_ text: String) -> RichText {
        RichText(html: "<strong>\(Markup.escaped(text))</strong>")
    }

    public static func code(_ text: String) -> RichText {
        RichText(html: "<code>\(Markup.escaped(text))</code>")
    }

    public static func + (left: RichText, right: RichText) -> RichText {
        RichText(html: left.html + right.html)
    }

    public static func + (left: RichText, right: String) -> RichText {
        left + RichText(right)
    }
}
