// SPDX-License-Identifier: Apache-2.0

/// Things placed by two measures, each named beside its mark: accuracy against size.
public struct ScatterChart: Chart {
    public struct Item: Sendable {
        public let name: String
        public let x: Double
        public let y: Estimate
        /// Which of ``ScatterChart/kinds`` it is.
        public let kind: Int

        public init(_ name: String, x: Double, y: Estimate, kind: Int = 0) {
            self.name = name
            self.x = x
            self.y = y
            self.kind = kind
        }
    }

    public var title: String
    public var xAxis: Axis
    public var yAxis: Axis
    public var kinds: [String]
    public var items: [Item]
    public var width: Double = 760
    public var plotHeight: Double = 270

    public init(_ title: String, xAxis: Axis, yAxis: Axis, kinds: [String], items: [Item]) {
        precondition(items.allSatisfy { kinds.indices.contains($0.kind) })
        self.title = title
        self.xAxis = xAxis
        self.yAxis = yAxis
        self.kinds = kinds
        self.items = items
    }

    public func svg(width: Double) -> SVG {
        let heading = ChartHeading(
            title,
            legend: kinds.enumerated().map {
                Legend.Entry(name: $0.element, series: $0.offset, isLone: true)
            }, width: width)
        let heights = items.flatMap { [$0.y.value, $0.y.lower, $0.y.upper] }
        let plot = PlotFrame(
            x: AxisLayout(
                paddedXAxis, values: items.map(\.x), tickCount: width < 600 ? 4 : 7,
                isWidened: true),
            y: AxisLayout(yAxis, values: heights, tickCount: 5, isWidened: true),
            width: width, top: heading.height + 4, plotHeight: plotHeight)
        var canvas = Canvas()
        heading.draw(on: &canvas)
        plot.drawAxes(on: &canvas)
        let places = items.map { item -> (x: Double, y: Double)? in
            guard let x = plot.x(item.x), let y = plot.y(item.y.value) else { return nil }
            return (x, y)
        }
        for (item, place) in zip(items, places) {
            guard let place else { continue }
            if item.y.upper > item.y.lower, let high = plot.y(item.y.upper),
                let low = plot.y(item.y.lower)
            {
                canvas.path(
                    "M\(Markup.number(place.x - 3.5)) \(Markup.number(high))h7m-3.5 0"
                        + "V\(Markup.number(low))m-3.5 0h7", "whisker")
            }
            canvas.group(tip: "\(item.name): \(text(item))") {
                $0.marker(item.kind, place.x, place.y)
            }
        }
        drawNames(places, in: plot, on: &canvas)
        return SVG(
            width: width, height: plot.height, title: title, summary: summary,
            content: canvas.content)
    }

    /// A logarithmic axis is given room around its data, so that no mark sits on the frame.
    private var paddedXAxis: Axis {
        let positive = items.map(\.x).filter { $0 > 0 && $0.isFinite }
        guard xAxis.scale == .logarithmic, xAxis.range == nil, let least = positive.min(),
            let most = positive.max()
        else { return xAxis }
        return Axis(
            xAxis.label, scale: .logarithmic, format: xAxis.format, range: least / 1.6...most * 1.6)
    }

    /// Names go to the side where they hide least, and are left out where four others stand.
    private func drawNames(
        _ places: [(x: Double, y: Double)?], in plot: PlotFrame, on canvas: inout Canvas
    ) {
        let marks = places.compactMap { $0 }.map { [$0, $0] }
        var labels: [LabelPlacement.Box] = []
        for (item, place) in zip(items, places) {
            guard let place else { continue }
            let name = Canvas.clipped(item.name, width: (plot.right - plot.left) / 2, size: 11)
            let width = Canvas.width(of: name, size: 11)
            let lefts = [place.x + 8, place.x - 8 - width]
            let centre = place.x - width / 2
            var boxes = lefts.map {
                LabelPlacement.Box(left: $0, bottom: place.y + 4, width: width)
            }
            for shift in [-9.0, 18, -22, 31] {
                boxes += [centre, lefts[0] - 2, lefts[1] + 2].map {
                    LabelPlacement.Box(left: $0, bottom: place.y + shift, width: width)
                }
            }
            let inside = boxes.filter {
                $0.left > plot.left + 2 && $0.left + width < plot.right + 16
                    && $0.bottom > plot.top + 8 && $0.bottom < plot.bottom - 2
            }
            let finder = LabelPlacement(curves: marks, labels: labels)
            guard let box = finder.best(of: inside), finder.hidden(by: box) < 1_000 else {
                continue
            }
            canvas.text(name, box.left, box.bottom, "small")
            labels.append(box)
        }
    }

    private func text(_ item: Item) -> String {
        "\(yAxis.text(item.y.value)) at \(xAxis.text(item.x))"
    }

    public var numbers: HTMLTable {
        HTMLTable(
            columns: [
                .init("name"), .init("kind"), .init(xAxis.tableTitle, .right),
                .init(yAxis.tableTitle, .right),
            ],
            rows: items.map { item in
                let isKnown = item.y.upper > item.y.lower
                return [
                    HTMLTable.Cell(item.name), HTMLTable.Cell(kinds[item.kind]),
                    HTMLTable.Cell(xAxis.text(item.x)),
                    yAxis.cell(
                        item.y.value, band: isKnown ? item.y.lower...item.y.upper : nil),
                ]
            })
    }

    private var summary: String {
        "\(yAxis.label) against \(xAxis.label). "
            + items.map { "\($0.name): \(text($0))" }.joined(separator: "; ") + "."
    }
}
