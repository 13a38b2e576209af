// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Reporting

@Suite struct DrawingTests {
    /// Every kind of chart, for a wide and for a narrow page.
    static let drawings: [(String, SVG)] = ExampleCharts.all.flatMap { name, chart in
        [(name, chart.svg()), (name + ", narrow", chart.svg(width: SVG.phoneWidth))]
    }

    @Test(arguments: drawings.map(\.0))
    func drawingsAreWellFormedAndNamed(name: String) throws {
        let drawing = try #require(Self.drawings.first { $0.0 == name }?.1)
        for text in [drawing.element, drawing.document] {
            let outline = Outline(text)
            #expect(outline.failure == nil)
            #expect(outline.elements["svg"] == 1)
            #expect(outline.elements["desc"] == 1)
            #expect(outline.elements["script"] == nil)
            // "nan" may stand inside the base64 of a picture, but never as a coordinate.
            #expect(!text.contains("\"nan") && !text.contains("inf\"") && !text.contains(" nan"))
        }
        #expect(!drawing.title.isEmpty && drawing.summary.hasSuffix("."))
    }

    @Test func everythingIsDrawnInsideTheFrame() throws {
        for (name, drawing) in Self.drawings {
            for (element, key, text) in Outline(drawing.element).attributes
            where ["x", "x1", "x2", "cx", "y", "y1", "y2", "cy"].contains(key) {
                let value = try #require(Double(text))
                let limit = key.contains("x") ? drawing.width : drawing.height
                #expect(value >= 0 && value <= limit, "\(name): \(element) \(key)=\(text)")
            }
        }
    }

    @Test func eachSeriesHasItsColourMarkAndName() {
        let outline = Outline(ExamplePage.accuracy.svg().element)
        let classes = outline.attributes.filter { $0.name == "class" }.map(\.value)
        #expect(classes.contains("curve line c1") && classes.contains("curve line c3 dashed"))
        #expect(classes.count { $0 == "band fill c2" } == 1)
        #expect(outline.texts.contains("student-T40, PGD on log-odds"))
        #expect(outline.texts.contains("chance"))
        // A circle for each point of the first series and one in the legend.
        #expect(outline.elements["circle"] == 9)
    }

    @Test func gapsBreakCurvesAndNothingElse() {
        let points = [1, .nan, 3, 4].enumerated().map {
            LineChart.Point(x: Double($0.offset), y: $0.element)
        }
        let chart = LineChart("t", xAxis: Axis("x"), yAxis: Axis("y"), series: [.init("s", points)])
        let outline = Outline(chart.svg().element)
        #expect(outline.elements["path"] == 1)
        #expect(outline.elements["circle"] == 4)
    }

    @Test func chartsWithoutDataStillDraw() {
        for chart in HostileCharts.empty {
            #expect(Outline(chart.svg().element).failure == nil)
            #expect(Outline(chart.svg(width: SVG.phoneWidth).element).failure == nil)
            #expect(Outline(chart.numbers.html).failure == nil)
        }
    }
}

@Suite struct LayeredLayoutTests {
    private func layout(_ count: Int, _ pairs: [(Int, Int)]) -> LayeredLayout {
        LayeredLayout(nodeCount: count, edges: pairs.map { .init(from: $0.0, to: $0.1) })
    }

    @Test func edgesLeadToTheRightAndBoxesStandApart() {
        let layout = layout(7, [(0, 1), (0, 2), (2, 3), (3, 4), (0, 4), (1, 5), (2, 6)])
        #expect(layout.layer == [0, 1, 1, 2, 3, 2, 2])
        for a in 0..<7 {
            for b in 0..<a where layout.layer[a] == layout.layer[b] {
                #expect(abs(layout.row[a] - layout.row[b]) >= 0.999)
            }
        }
        #expect(layout.paths.count == 7)
        #expect(layout.paths.first { $0.edge == .init(from: 0, to: 4) }?.passingRows.count == 2)
    }

    @Test func circlesAndTwinsAreDropped() {
        let layout = layout(3, [(0, 1), (1, 2), (2, 0), (0, 1), (1, 1)])
        #expect(layout.layer == [0, 1, 2])
        #expect(layout.paths.count == 2)
    }

    @Test func aCrossingThatCanBeAvoidedIs() {
        let layout = layout(4, [(0, 3), (1, 2)])
        #expect((layout.row[0] < layout.row[1]) == (layout.row[3] < layout.row[2]))
    }
}

@Suite struct HTMLPageTests {
    @Test func theExampleIsOneFileThatAsksForNothing() {
        let html = ExamplePage.page.html
        #expect(!html.contains("<script"))
        #expect(!html.contains("src=\"http") && !html.contains("url(") && !html.contains("@import"))
        #expect(html.contains("default-src 'none'"))
        let addresses = html.components(separatedBy: "http").dropFirst().map { $0.prefix(28) }
        #expect(
            addresses.allSatisfy {
                $0.hasPrefix("://www.w3.org/2000/svg") || $0.hasPrefix("-equiv")
            })
    }

    @Test func theExampleIsWellFormedButForVoidElements() {
        var html = ExamplePage.page.html.replacingOccurrences(of: "<!DOCTYPE html>\n", with: "")
        for element in ["meta", "img"] {
            html = html.replacing(
                try! Regex("<\(element)([^>]*)>"),
                with: { "<\(element)\($0.output[1].substring ?? "")/>" })
        }
        let outline = Outline(html)
        #expect(outline.failure == nil)
        #expect(outline.elements["section"] == 8)
        #expect(outline.elements["img"] == 12)
        #expect(outline.elements["script"] == nil)
        // The hostile name is shown as text, its control characters replaced.
        #expect(outline.texts.contains("<script>alert('x')</script>&\"\u{FFFD}[31m\u{FFFD}"))
        let alternatives = outline.attributes.filter { $0.name == "alt" }.map(\.value)
        #expect(alternatives.contains("clean 0 (99.8 %)"))
    }

    @Test func everyBlockEscapesItsText() {
        let evil = ExamplePage.evil
        let blocks: [HTMLPage.Block] = [
            .paragraph(RichText(evil)), .list([.strong(evil), .code(evil)]),
            .facts([(evil, RichText(evil))]), .tiles([.init(evil, evil, detail: evil)]),
            .note(RichText(evil)), .verbatim(evil), .folded(evil, []),
            .table(
                HTMLTable(
                    columns: [.init(evil), .init(evil)],
                    rows: [[.init(evil)], [.init(evil, detail: evil), .init(evil)]],
                    caption: RichText(evil))),
            .strips(
                [
                    ImageStrip(
                        evil,
                        [
                            .init(
                                PixelImage(width: 1, height: 1, channelCount: 1, pixels: [0]),
                                role: evil, verdict: evil)
                        ])
                ], caption: RichText(evil)),
            .figure(HostileCharts.all, caption: RichText(evil)),
            .table(HTMLTable.checklist([.init(evil, .failed, evil)])),
        ]
        let page = HTMLPage(
            evil, subtitle: RichText(evil), sections: [.init(evil, blocks), .init(evil, [])],
            footer: RichText(evil))
        #expect(!page.html.contains("<script"))
        #expect(!page.html.contains("\u{1B}") && !page.html.contains("\u{202E}"))
        #expect(!page.html.contains("alert('"))
    }

    @Test func stripsSayWhatTheyShow() {
        let strip = ExamplePage.strips()[0]
        #expect(strip.heading == "0 → 9")
        #expect(strip.pictures.map(\.role) == ["clean", "adversarial", "difference × 5"])
        #expect(strip.pictures[1].verdict == "9 (97.1 %)")
        #expect(strip.html.contains("data:image/png;base64,iVBORw0KGgo"))
    }

    /// Writes the example where `RETORT_EXAMPLE_PAGE` says, to be looked at.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["RETORT_EXAMPLE_PAGE"] != nil,
            "RETORT_EXAMPLE_PAGE names no file"))
    func theExampleIsWrittenForALook() throws {
        let path = try #require(ProcessInfo.processInfo.environment["RETORT_EXAMPLE_PAGE"])
        try ExamplePage.page.html.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
