// SPDX-License-Identifier: Apache-2.0

/// Rows left standing after one attack after another: what each took from those before it.
public struct WaterfallChart: Chart {
    public struct Step: Sendable {
        public let name: String
        /// Rows left after it.
        public let left: Int

        public init(_ name: String, left: Int) {
            self.name = name
            self.left = left
        }
    }

    public var title: String
    /// What rows are counted: `rows`.
    public var total: Int
    /// The first is what there is before any attack.
    public var steps: [Step]
    public var width: Double = 760

    public init(_ title: String, total: Int, steps: [Step]) {
        self.title = title
        self.total = total
        self.steps = steps
    }

    /// The chart made for standing beside another.
    public var halfPage: WaterfallChart {
        var chart = self
        chart.width = SVG.halfPageWidth
        return chart
    }

    private static let barHeight = 22.0
    private static let axisLabel = "rows"

    public func svg(width: Double) -> SVG {
        let axis = Axis(Self.axisLabel, format: .integer, range: 0...Double(max(1, total)))
        let layout = AxisLayout(
            axis, values: [], tickCount: width < 600 ? 4 : 6, isWidened: false)
        let heading = ChartHeading(
            title,
            legend: [
                Legend.Entry(name: "not broken so far", series: 0, isBlock: true),
                Legend.Entry(name: "broken first by this one", series: 1, isBlock: true),
            ], width: width)
        let frame = RowFrame(
            layout, names: steps.map(\.name), rowHeight: Self.barHeight, width: width,
            top: heading.height, valueRoom: widestWords)
        var canvas = Canvas()
        heading.draw(on: &canvas)
        frame.drawAxes(on: &canvas)
        for (index, step) in steps.enumerated() {
            let before = index == 0 ? step.left : steps[index - 1].left
            draw(step, before: before, top: frame.top(of: index), in: frame, on: &canvas)
        }
        return SVG(
            width: width, height: frame.height, title: title, summary: summary,
            content: canvas.content)
    }

    private var widestWords: Double {
        steps.indices.map { index in
            let before = index == 0 ? steps[index].left : steps[index - 1].left
            return Canvas.width(
                of: Self.words(left: steps[index].left, before: before), size: 11)
        }.max() ?? 0
    }

    private func draw(
        _ step: Step, before: Int, top: Double, in frame: RowFrame, on canvas: inout Canvas
    ) {
        guard let end = frame.x(Double(step.left)), let lost = frame.x(Double(before)) else {
            return
        }
        let words = Self.words(left: step.left, before: before)
        canvas.group(tip: "\(step.name): \(words)") {
            $0.bar(0, frame.origin, top, end - frame.origin, Self.barHeight)
            if lost > end { $0.bar(1, end, top, lost - end, Self.barHeight) }
        }
        canvas.text(words, lost + 6, top + Self.barHeight / 2 + 4, "small")
    }

    private static func words(left: Int, before: Int) -> String {
        before > left
            ? "\(NumberText.count(left)) left, \(NumberText.count(before - left)) broken"
            : "\(NumberText.count(left)) left"
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [.init("after"), .init("rows left", .right), .init("broken first", .right)],
            rows: steps.enumerated().map { index, step in
                let lost = index == 0 ? 0 : steps[index - 1].left - step.left
                return [
                    HTMLTable.Cell(step.name), HTMLTable.Cell(NumberText.count(step.left)),
                    HTMLTable.Cell(index == 0 ? "-" : NumberText.count(lost)),
                ]
            }, caption: RichText("Of \(NumberText.count(total)) rows."))
    }

    private var summary: String {
        "Of \(NumberText.count(total)) rows. "
            + steps.map { "\($0.name): \(NumberText.count($0.left)) left" }
            .joined(separator: "; ") + "."
    }
}
