// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Reporting

/// Charts as figures of a page: numbers below them, links that save them, room on a telephone.
@Suite struct FigureTests {
    static let names = ExampleCharts.all.map(\.name)

    private func chart(_ name: String) throws -> any Chart {
        try #require(ExampleCharts.all.first { $0.name == name }?.chart)
    }

    /// What is shown when a mark is pointed at ends with its value.
    @Test(arguments: names)
    func everyNumberOfADrawingIsInItsTable(name: String) throws {
        let chart = try chart(name)
        let outline = Outline(chart.svg().element)
        let table = Outline(chart.numbers.html)
        #expect(table.failure == nil)
        let tips = outline.titles.dropFirst()
        // Curves of steps have no marks that could be pointed at.
        #expect(!tips.isEmpty || name == "steps")
        for tip in tips {
            let value = try #require(tip.split(separator: ": ").last)
            // "0.91 at 5" and "37 left, 12 broken" are several numbers.
            for part in value.split(separator: #/, | at /#) {
                let number = part.replacing(#/ (left|broken|features)$/#, with: "")
                #expect(table.texts.contains(number), "\(name): \(number) of \(tip)")
            }
        }
    }

    @Test(arguments: names)
    func noTextOfANarrowDrawingLeavesIt(name: String) throws {
        let chart = try chart(name)
        guard chart.narrowForm == .redrawn else { return }
        let drawing = chart.svg(width: SVG.phoneWidth)
        #expect(drawing.width <= SVG.phoneWidth + 16)
        for text in Outline(drawing.element).placedTexts where text.rotation == nil {
            let width = Canvas.width(of: text.text, size: text.isSmall ? 11 : 12) * 0.92
            let start =
                switch text.anchor {
                case "middle": text.x - width / 2
                case "end": text.x - width
                default: text.x
                }
            #expect(start >= -1 && start + width <= drawing.width + 1, "\(name): \(text.text)")
        }
    }

    @Test func figuresCarryBothDrawingsTheNumbersAndAFile() throws {
        let html = HTMLPage.Block.figure([ExampleCharts.gaps], caption: "c").html
        let outline = Outline(html)
        #expect(outline.failure == nil)
        #expect(outline.elements["svg"] == 2)
        #expect(outline.elements["details"] == 1 && outline.elements["table"] == 1)
        #expect(outline.attribute("download", of: "a") == "logit-gap-on-clean-rows.svg")
        let address = try #require(outline.attribute("href", of: "a"))
        let prefix = "data:image/svg+xml;base64,"
        #expect(address.hasPrefix(prefix))
        let file = try #require(Data(base64Encoded: String(address.dropFirst(prefix.count))))
        #expect(String(decoding: file, as: UTF8.self) == ExampleCharts.gaps.svg().document)
    }

    @Test func gridsAndStripsAreSavedAsPictures() throws {
        let html = HTMLPage.Block.figure([ExampleCharts.grid], caption: "").html
        let outline = Outline(html)
        // One drawing that shrinks, since its letters are large.
        #expect(outline.elements["svg"] == 1 && outline.elements["image"] == 1)
        let names = outline.attributes.filter { $0.name == "download" }.map(\.value)
        #expect(
            names == [
                "every-digit-turned-into-every-other.svg",
                "every-digit-turned-into-every-other.png",
            ])
        let mosaic = try #require(ExampleCharts.grid.mosaic)
        #expect(mosaic.width == 100 && mosaic.height == 100)
        // Row 3, column 8 has no picture; row 0, column 0 begins a pixel inside its frame.
        #expect(mosaic.pixels[0] == 128 && mosaic.pixels[(3 * 10 + 4) * 100 + 84] == 128)
        #expect(mosaic.pixels[101] == 0 && mosaic.pixels[102] == 1)
        let strip = HTMLPage.Block.strips([ExamplePage.strips()[0]], caption: "").html
        #expect(strip.contains("download=\"strip-0-9.png\""))
    }

    @Test func picturesOfDifferentSizesMakeNoMosaic() {
        let small = PixelImage(width: 1, height: 1, channelCount: 1, pixels: [7])
        let large = PixelImage(width: 2, height: 1, channelCount: 1, pixels: [1, 2])
        #expect(PixelImage.mosaic([[small, large]]) == nil)
        #expect(PixelImage.mosaic([[nil]]) == nil)
        let pair = PixelImage.mosaic([[small, nil]])
        #expect(pair?.width == 6 && pair?.height == 3)
        #expect(pair?.pixels.enumerated().filter { $0.element != 128 }.map(\.offset) == [7])
    }

    @Test func namesOfFilesAreMadeOfLettersAndDigits() {
        #expect(SVG.fileName("Accuracy, l∞ <ε> 8/255", "svg") == "accuracy-l-8-255.svg")
        #expect(SVG.fileName("../../etc", "png") == "etc.png")
        #expect(SVG.fileName("∞", "svg") == "drawing.svg")
        #expect(SVG.fileName(String(repeating: "a", count: 200), "svg").count == 64)
    }

    @Test func checklistsSayTheirAnswersInWords() {
        let outline = Outline(ExampleCharts.checklist.html)
        for words in ["✓ pass", "✗ fail", "○ not tried"] { #expect(outline.texts.contains(words)) }
    }

    @Test func titlesTakeTheLinesTheyNeed() {
        let words = "one two three four five six seven eight nine ten eleven twelve"
        let lines = Canvas.wrapped(words, width: 120)
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("one two") && lines[2].hasSuffix("…"))
        #expect(Canvas.wrapped(words, width: 120, lines: 9).joined(separator: " ") == words)
        #expect(Canvas.wrapped("", width: 120).isEmpty)
        #expect(lines.allSatisfy { Canvas.width(of: $0) <= 121 })
    }
}
