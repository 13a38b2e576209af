// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Reporting

@Suite struct NumberTextTests {
    @Test func numbersAreWrittenAsPeopleReadThem() {
        #expect(NumberText.fixed(0.125, places: 2) == "0.12")
        #expect(NumberText.fixed(-0.04) == "0.0")
        #expect(NumberText.fixed(-1.25, places: 1) == "-1.2")
        #expect(NumberText.fixed(.nan) == "-")
        #expect(NumberText.fixed(1e300, places: 1).count == 303)
        #expect(NumberText.percent(0.98375) == "98.4 %")
        #expect(NumberText.percent(1) == "100.0 %")
        #expect(NumberText.count(60_000) == "60,000")
        #expect(NumberText.count(-1_234_567) == "-1,234,567")
        #expect(NumberText.count(.min) == "-9,223,372,036,854,775,808")
        #expect(NumberText.bytes(999) == "999 B")
        #expect(NumberText.bytes(1_500) == "1.5 kB")
        #expect(NumberText.bytes(999_960) == "1.0 MB")
        #expect(NumberText.duration(seconds: 0.416) == "0.42 s")
        #expect(NumberText.duration(seconds: 59.97) == "1:00")
        #expect(NumberText.duration(seconds: 3_729) == "1:02:09")
        #expect(NumberText.duration(seconds: .infinity) == "-")
        #expect(NumberText.rate(perSecond: 16_500.4) == "16,500/s")
        #expect(NumberText.rate(perSecond: 0.251) == "0.25/s")
        #expect(NumberText.short(1.25e-7) == "1.25e-07")
    }

    @Test func estimatesShowTheirInterval() {
        let estimate = Estimate(0.984, lower: 0.981, upper: 0.986)
        #expect(estimate.percentWithInterval == "98.4 % [98.1, 98.6]")
        #expect(Estimate(.nan, lower: 0, upper: 1).percentWithInterval == "-")
    }
}

@Suite struct TextTableTests {
    private var table: TextTable {
        var table = TextTable(columns: [.init("checkpoint"), .init("accuracy", .right)])
        table.append(["teacher", "98.4 %"])
        table.appendRule()
        table.append(["学生", "9.1 %"])
        return table
    }

    @Test func columnsAreAlignedInABox() {
        #expect(
            table.text() == """
                ┌────────────┬──────────┐
                │ checkpoint │ accuracy │
                ├────────────┼──────────┤
                │ teacher    │   98.4 % │
                ├────────────┼──────────┤
                │ 学生       │    9.1 % │
                └────────────┴──────────┘

                """)
    }

    @Test func plainTablesHaveNoTrailingSpace() {
        var table = TextTable(columns: [.init("a"), .init("b")])
        table.append(["1"])
        #expect(table.text(style: .plain) == "a  b\n-  -\n1\n")
    }

    @Test func wideTablesAreClippedButNumbersAreNot() {
        var table = TextTable(columns: [.init("name"), .init("digest"), .init("rows", .right)])
        table.append([
            String(repeating: "n", count: 70), String(repeating: "d", count: 64), "1,000,000",
        ])
        for style in [TextTable.Style.box, .plain] {
            let lines = table.text(style: style, width: 80).split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= 80 })
            #expect(lines.contains { $0.contains("…") && $0.contains("1,000,000") })
        }
    }

    @Test func namesCannotCommandTheTerminal() {
        var table = TextTable(columns: [.init("name")])
        table.append(["a\u{1B}[2Jb\nc\u{202E}d\u{9B}e"])
        let text = table.text(style: .plain)
        #expect(text.split(separator: "\n").count == 3)
        #expect(text.contains("a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d\u{FFFD}e"))
    }
}

@Suite struct ProgressTests {
    @Test func aTerminalLineShowsBarSpeedAndTimeLeft() {
        let progress = Progress(
            "epoch 2/5", done: 27_000, total: 60_000, unit: "images", elapsedSeconds: 2)
        #expect(
            progress.line(width: 80)
                == "epoch 2/5  ━━━━━━━━━───────────  45 %  27,000/60,000 images  13,500/s  0:02 left"
        )
        #expect(progress.plainLine == "epoch 2/5: 27,000/60,000 images at 13,500/s in 2.00 s")
    }

    @Test(arguments: [1, 10, 20, 40, 60, 79, 80, 100, 200])
    func noLineIsWiderThanTheTerminal(width: Int) {
        for done in [0, 1, 500, 999, 1_000] {
            let progress = Progress(
                "attack", done: done, total: 1_000, unit: "rows", elapsedSeconds: 1.5,
                note: "loss 0.042")
            #expect(PlainText.columns(progress.line(width: width)) <= width)
        }
    }

    @Test func theBeginningTheEndAndNothingToDoAreFine() {
        let start = Progress("x", done: 0, total: 10, unit: "rows", elapsedSeconds: 0)
        #expect(start.line().contains("0 %") && !start.line().contains("left"))
        let end = Progress("x", done: 10, total: 10, unit: "rows", elapsedSeconds: 4)
        #expect(end.line().contains("100 %") && end.line().hasSuffix("4.00 s"))
        let nothing = Progress("x", done: 0, total: 0, unit: "rows", elapsedSeconds: 0)
        #expect(nothing.fraction == 1)
    }
}
