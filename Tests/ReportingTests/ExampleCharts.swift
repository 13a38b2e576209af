// SPDX-License-Identifier: Apache-2.0

import Reporting
import Tensors

/// Charts of every kind that ``ExamplePage`` does not draw itself.
enum ExampleCharts {
    static let classNames = (0..<10).map(String.init)

    static let distances = LineChart(
        "Rows broken within a distance", xAxis: Axis("l2 distance"),
        yAxis: Axis("rows broken", format: .percent, range: 0...1),
        series: [
            .init(
                "undistilled", steps([0.6, 0.9, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2.1]),
                shape: .steps),
            .init(
                "distilled at T = 100",
                steps([0.7, 1.0, 1.3, 1.7, 1.9, 2.6]) + [.init(x: 3.2, y: 6 / 9)], isDashed: true,
                shape: .steps, censored: [.init(x: 3, y: 0.667), .init(x: 3.2, y: 0.667)]),
        ])

    static let gaps = HistogramChart(
        "Logit gap on clean rows", axis: Axis("largest minus second logit", scale: .logarithmic),
        edges: [0.1, 0.32, 1, 3.2, 10, 32, 100, 320, 1000],
        rows: [
            .init("undistilled", [3, 12, 41, 120, 104, 20, 0, 0], median: 7.3),
            .init("T = 20", [0, 1, 4, 10, 30, 80, 160, 15], median: 158),
            .init("T = 100", [0, 0, 0, 2, 9, 31, 72, 186], median: 724),
            .init("not judged", [Int](repeating: 0, count: 8)),
        ], marks: [.init("104: the cross-entropy gradient is 0 in Float", x: 104)])

    static let amplitudes = StackedBarChart(
        "Gradient amplitude", label: "share of input gradients",
        parts: ["exactly 0", "below 1e-30", "1e-30 to 1e-10", "1e-10 to 1e-3", "above 1e-3"],
        specialParts: [0],
        rows: [
            .init("T = 1", [0, 0, 2, 70, 28]), .init("T = 20", [82.7, 6, 5, 4.3, 2]),
            .init("T = 100", [98, 1, 0.5, 0.4, 0.1]), .init("none", [0, 0, 0, 0, 0]),
        ])

    static let waterfall = WaterfallChart(
        "student-T40: what each attack of the ensemble leaves", total: 1000,
        steps: [
            .init("right when clean", left: 989), .init("APGD-CE", left: 881),
            .init("APGD-T", left: 37), .init("FAB-T", left: 37), .init("Square", left: 12),
        ])

    static let confidence = BeforeAfterChart(
        "Confidence before and after", axis: Axis("probability", format: .percent, range: 0...1),
        beforeName: "clean", afterName: "adversarial",
        rows: [
            .init(
                "undistilled", before: Estimate(0.998, lower: 0.97, upper: 1),
                after: Estimate(0.71, lower: 0.55, upper: 0.88)),
            .init(
                "a model with rather a long name, from a file", before: ExamplePage.estimate(0.93),
                after: nil),
        ])

    static let sizes = ScatterChart(
        "Accuracy against size", xAxis: Axis("parameters", scale: .logarithmic, format: .integer),
        yAxis: Axis("test accuracy", format: .percent), kinds: ["teacher", "student"],
        items: [
            .init("teacher", x: 225_034, y: ExamplePage.estimate(0.99, 0.003)),
            .init("teacher-T40", x: 225_034, y: ExamplePage.estimate(0.984, 0.003)),
            .init("student-small", x: 21_840, y: ExamplePage.estimate(0.962, 0.005), kind: 1),
            .init("student", x: 225_034, y: ExamplePage.estimate(0.981, 0.004), kind: 1),
        ])

    static let darkKnowledge = BarMatrix(
        "Row 7 (a 4): the teacher's probabilities", rowNames: classNames,
        columnNames: ["T = 1", "T = 5", "T = 20", "T = 100"],
        values: (0..<10).map { (row: Int) -> [Double] in
            row == 4
                ? [0.99999, 0.96, 0.42, 0.15] : [2e-7 * Double(row + 1), 0.003, 0.06, 0.094]
        }, stressedRow: 4)

    static let success = HeatMap(
        "Success by source and target", rowAxis: "source", columnAxis: "target",
        rowNames: classNames, columnNames: classNames,
        values: (0..<10).map { (row: Int) -> [Double?] in
            (0..<10).map { (column: Int) -> Double? in
                row == column ? nil : Double((row * 3 + column * 7) % 11) / 10
            }
        }, fullScale: 1)

    static let grid = ImageGrid(
        "Every digit turned into every other", rowAxis: "source", columnAxis: "target",
        rowNames: classNames, columnNames: classNames,
        cells: (0..<10).map { (row: Int) -> [ImageGrid.Cell?] in
            (0..<10).map { (column: Int) -> ImageGrid.Cell? in
                guard row != 3 || column != 8 else { return nil }
                return ImageGrid.Cell(
                    picture(row, column),
                    mark: row == column ? .framed : (row + column) % 7 == 0 ? .failed : .none,
                    text: row == column ? "clean" : "\(30 + row + column) features")
            }
        })

    static let checklist = HTMLTable.checklist(
        [
            .init("White-box attacks", .passed, "3 sets were made with the model itself"),
            .init("Transfer does not beat white-box", .failed, "transfer breaks 12 rows more"),
            .init("Gradient-free attacks", .notTried, "no set in this store is from one"),
        ], caption: "Questions worth asking")

    static let all: [(name: String, chart: any Chart)] = [
        ("line", ExamplePage.accuracy), ("log line", ExamplePage.temperatures),
        ("steps", distances), ("bars", ExamplePage.bars), ("stacked bars", amplitudes),
        ("histogram", gaps), ("waterfall", waterfall), ("before and after", confidence),
        ("scatter", sizes), ("bar matrix", darkKnowledge), ("heat", ExamplePage.confusion),
        ("transfer", ExamplePage.transfer), ("success", success), ("grid", grid),
        ("lineage", ExamplePage.lineage),
    ]

    private static func picture(_ row: Int, _ column: Int) -> PixelImage {
        PixelImage(
            width: 8, height: 8, channelCount: 1,
            pixels: (0..<64).map { UInt8(($0 * (row + 1) + column * 20) % 256) })
    }

    private static func steps(_ distances: [Double]) -> [LineChart.Point] {
        [.init(x: 0, y: 0)]
            + distances.enumerated().map {
                .init(
                    x: $0.element, y: Double($0.offset + 1) / 9,
                    band: (Double($0.offset) / 9)...(Double($0.offset + 2) / 9))
            }
    }
}
