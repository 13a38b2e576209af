// SPDX-License-Identifier: Apache-2.0

import Reporting

/// A chart of every kind, all of whose names come from a hostile file.
enum HostileCharts {
    private static let evil = ExamplePage.evil
    private static let one = Estimate(0.5, lower: 0.4, upper: 0.6)

    static let all: [any Chart] = [
        LineChart(
            evil, xAxis: Axis(evil), yAxis: Axis(evil),
            series: [.init(evil, [.init(x: 0, y: 0)], censored: [.init(x: 1, y: 0)])],
            baselines: [.init(evil, y: 1, band: 0.5...1)]),
        LineageGraph(
            evil, nodes: [.init(id: evil, title: evil, detail: evil, kind: .data)], edges: []),
        BarChart(
            evil, axis: Axis(evil), seriesNames: [evil], groups: [.init(evil, [one])]),
        StackedBarChart(evil, label: evil, parts: [evil], rows: [.init(evil, [1])]),
        HistogramChart(
            evil, axis: Axis(evil), edges: [0, 1], rows: [.init(evil, [1], median: 0.5)],
            marks: [.init(evil, x: 0.5)]),
        HeatMap(
            evil, rowAxis: evil, columnAxis: evil, rowNames: [evil], columnNames: [evil],
            values: [[1]]),
        WaterfallChart(evil, total: 2, steps: [.init(evil, left: 1)]),
        BeforeAfterChart(
            evil, axis: Axis(evil), beforeName: evil, afterName: evil,
            rows: [.init(evil, before: one, after: nil)]),
        ScatterChart(
            evil, xAxis: Axis(evil), yAxis: Axis(evil), kinds: [evil],
            items: [.init(evil, x: 1, y: one)]),
        BarMatrix(evil, rowNames: [evil], columnNames: [evil], values: [[0.5]]),
        ImageGrid(
            evil, rowAxis: evil, columnAxis: evil, rowNames: [evil], columnNames: [evil],
            cells: [
                [
                    .init(
                        PixelImage(width: 1, height: 1, channelCount: 1, pixels: [0]),
                        mark: .failed, text: evil)
                ]
            ]),
    ]

    /// The same kinds without anything in them.
    static let empty: [any Chart] = [
        LineChart("", xAxis: Axis(""), yAxis: Axis(""), series: [.init("", [])]),
        LineChart("", xAxis: Axis("", scale: .logarithmic), yAxis: Axis(""), series: []),
        LineageGraph("", nodes: [], edges: []),
        BarChart("", axis: Axis(""), seriesNames: [], groups: []),
        StackedBarChart("", label: "", parts: [], rows: []),
        HistogramChart("", axis: Axis(""), edges: [], rows: [.init("", [])]),
        HeatMap("", rowAxis: "", columnAxis: "", rowNames: [], columnNames: [], values: []),
        WaterfallChart("", total: 0, steps: []),
        BeforeAfterChart("", axis: Axis(""), beforeName: "", afterName: "", rows: []),
        ScatterChart("", xAxis: Axis(""), yAxis: Axis(""), kinds: [], items: []),
        BarMatrix("", rowNames: [], columnNames: [], values: []),
        ImageGrid("", rowAxis: "", columnAxis: "", rowNames: [], columnNames: [], cells: []),
    ]
}
