// SPDX-License-Identifier: Apache-2.0

import Foundation
import FoundationXML

/// Parses HTML and SVG as XML: whatever is not well formed is an error.
final class Outline: NSObject, XMLParserDelegate {
    struct PlacedText {
        let x: Double
        let anchor: String?
        let rotation: String?
        let isSmall: Bool
        var text = ""
    }

    var elements: [String: Int] = [:]
    var texts = ""
    /// Contents of `title` elements: a drawing's name, then what is shown when pointed at.
    var titles: [String] = []
    var placedTexts: [PlacedText] = []
    var attributes: [(element: String, name: String, value: String)] = []
    var failure: (any Error)?
    private var open: [String] = []

    init(_ xml: String) {
        super.init()
        let parser = XMLParser(data: Data(xml.utf8))
        parser.delegate = self
        if !parser.parse() { failure = parser.parserError }
    }

    func attribute(_ name: String, of element: String) -> String? {
        attributes.first { $0.element == element && $0.name == name }?.value
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        elements[name, default: 0] += 1
        open.append(name)
        for (key, value) in attributes { self.attributes.append((name, key, value)) }
        if name == "title" { titles.append("") }
        if name == "text" {
            placedTexts.append(
                PlacedText(
                    x: attributes["x"].flatMap(Double.init) ?? .nan,
                    anchor: attributes["text-anchor"], rotation: attributes["transform"],
                    isSmall: attributes["class"]?.contains("small") ?? false))
        }
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        texts += text
        if open.last == "title", !titles.isEmpty { titles[titles.count - 1] += text }
        if open.last == "text", !placedTexts.isEmpty {
            placedTexts[placedTexts.count - 1].text += text
        }
    }
}
