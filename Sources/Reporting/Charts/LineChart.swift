// SPDX-License-Identifier: Apache-2.0

/// Curves over a common axis: training curves, accuracy against epsilon, success against
/// temperature.
public struct LineChart: Sendable {
    public struct Point: Hashable, Sendable {
        public let x: Double
        public let y: Double
        /// What the value is known to lie in, drawn as a band.
        public let band: ClosedRange<Double>?

        public init(x: Double, y: Double, band: ClosedRange<Double>? = nil) {
            self.x = x
            self.y = y
            self.band = band
        }

        public init(x: Double, _ estimate: Estimate) {
            let bounds = [estimate.lower, estimate.upper]
            self.init(
                x: x, y: estimate.value,
                band: bounds.allSatisfy(\.isFinite) && estimate.lower <= estimate.upper
                    ? estimate.lower...estimate.upper : nil)
        }
    }

    public struct Series: Sendable {
        public let name: String
        public let points: [Point]
        public let isDashed: Bool
        /// Which colour and mark; nil takes the next. Two series may share one to show a pair.
        public let colour: Int?

        public init(_ name: String, _ points: [Point], isDashed: Bool = false, colour: Int? = nil) {
            self.name = name
            self.points = points
            self.isDashed = isDashed
            self.colour = colour
        }
    }

    /// A dashed line across the chart: chance, or the undefended model.
    public struct Baseline: Sendable {
        public let name: String
        public let y: Double

        public init(_ name: String, y: Double) {
            self.name = name
            self.y = y
        }
    }

    public var title: String
    public var xAxis: Axis
    public var yAxis: Axis
    public var series: [Series]
    public var baselines: [Baseline]
    /// ``SVG/halfPageWidth`` for two charts side by side.
    public var width: Double = 760
    public var plotHeight: Double = 270

    public init(
        _ title: String, xAxis: Axis, yAxis: Axis, series: [Series], baselines: [Baseline] = []
    ) {
        self.title = title
        self.xAxis = xAxis
        self.yAxis = yAxis
        self.series = series
        self.baselines = baselines
    }

    /// The drawing. Points that are not numbers, or not positive on a logarithmic axis, are left
    /// out and break their curve.
    public func svg() -> SVG {
        let points = series.flatMap(\.points)
        let heights =
            points.flatMap { [$0.y, $0.band?.lowerBound, $0.band?.upperBound].compactMap { $0 } }
            + baselines.map(\.y)
        let x = AxisLayout(xAxis, values: points.map(\.x), tickCount: 8, isWidened: false)
        let y = AxisLayout(yAxis, values: heights, tickCount: 5, isWidened: true)
        let legend = Legend(
            series.enumerated().map { index, series in
                Legend.Entry(
                    name: series.name, series: series.colour ?? index,
                    isDashed: series.isDashed, hasMarker: true)
            }, width: width - 24)
        let plot = PlotFrame(
            x: x, y: y, width: width, top: 34 + legend.height + 6, plotHeight: plotHeight)
        var canvas = Canvas()
        canvas.text(Canvas.clipped(title, width: width - 24, size: 14), 12, 21, "heading")
        legend.draw(on: &canvas, x: 12, y: 32)
        plot.drawAxes(on: &canvas)
        for (index, series) in series.enumerated() {
            drawBand(of: series, colour: series.colour ?? index, in: plot, on: &canvas)
        }
        for baseline in baselines { draw(baseline, in: plot, on: &canvas) }
        for (index, series) in series.enumerated() {
            draw(series, colour: series.colour ?? index, in: plot, on: &canvas)
        }
        return SVG(
            width: width, height: plot.height, title: title, summary: summary,
            content: canvas.content)
    }

    private var summary: String {
        let curves = series.map { series in
            guard let first = series.points.first, let last = series.points.last else {
                return "\(series.name): no points"
            }
            return "\(series.name) from \(text(first)) to \(text(last))"
        }
        return "\(yAxis.label) against \(xAxis.label). \(curves.joined(separator: "; "))."
    }

    private func text(_ point: Point) -> String {
        let value =
            yAxis.format == .percent ? NumberText.percent(point.y) : NumberText.short(point.y)
        return "\(value) at \(NumberText.short(point.x))"
    }

    private func drawBand(
        of series: Series, colour: Int, in plot: PlotFrame, on canvas: inout Canvas
    ) {
        for run in runs(of: series, in: plot) where run.contains(where: { $0.point.band != nil }) {
            let upper = run.compactMap { item in
                item.point.band.flatMap { plot.y($0.upperBound) }.map { (x: item.x, y: $0) }
            }
            let lower = run.compactMap { item in
                item.point.band.flatMap { plot.y($0.lowerBound) }.map { (x: item.x, y: $0) }
            }
            canvas.path(
                Canvas.polyline(upper + lower.reversed()) + "z",
                "band fill \(Palette.series(colour))")
        }
    }

    private func draw(
        _ series: Series, colour: Int, in plot: PlotFrame, on canvas: inout Canvas
    ) {
        let style = "curve line \(Palette.series(colour))\(series.isDashed ? " dashed" : "")"
        let runs = runs(of: series, in: plot)
        for run in runs where run.count > 1 {
            canvas.path(Canvas.polyline(run.map { ($0.x, $0.y) }), style)
        }
        // Many points make a curve; marks would only hide it.
        let count = runs.reduce(0) { $0 + $1.count }
        for item in runs.joined() where count <= 40 || runs.count == count {
            canvas.group(tip: "\(series.name): \(text(item.point))") {
                $0.marker(colour, item.x, item.y)
            }
        }
    }

    private typealias Placed = (point: Point, x: Double, y: Double)

    /// Stretches of points that can be shown, in pixels.
    private func runs(of series: Series, in plot: PlotFrame) -> [[Placed]] {
        var runs: [[Placed]] = [[]]
        for point in series.points {
            if let x = plot.x(point.x), let y = plot.y(point.y) {
                runs[runs.count - 1].append((point, x, y))
            } else if !runs[runs.count - 1].isEmpty {
                runs.append([])
            }
        }
        return runs.filter { !$0.isEmpty }
    }

    private func draw(_ baseline: Baseline, in plot: PlotFrame, on canvas: inout Canvas) {
        guard let y = plot.y(baseline.y) else { return }
        canvas.line(plot.left, y, plot.right, y, "curve line c7 dashed")
        let name = Canvas.clipped(
            baseline.name, width: plot.right - plot.left - 20, size: 11)
        let width = Canvas.width(of: name, size: 11)
        // Above or below the line, wherever the curves leave most room; the right end if all do.
        let (first, last) = (plot.left + 6, plot.right - 4 - width)
        let places = stride(from: 4, through: 0, by: -1).flatMap { step in
            [y - 6, y + 15].map { (first + Double(step) / 4 * (last - first), $0) }
        }
        let free = places.filter { $0.1 > plot.top + 3 && $0.1 < plot.bottom - 2 }
        let best = free.min { collisions(at: $0, width, plot) < collisions(at: $1, width, plot) }
        let (x, bottom) = best ?? places[0]
        canvas.text(name, x, bottom, "small muted")
    }

    /// How many of the points along all curves lie under a label.
    private func collisions(
        at corner: (x: Double, y: Double), _ width: Double, _ plot: PlotFrame
    ) -> Int {
        let columns = (corner.x - 4)...(corner.x + width + 4)
        let rows = (corner.y - 13)...(corner.y + 5)
        return series.flatMap { runs(of: $0, in: plot) }.reduce(0) { total, run in
            total
                + zip(run, run.dropFirst() + [run[run.count - 1]]).reduce(0) { count, ends in
                    count
                        + (0..<40).count { step in
                            let part = Double(step) / 40
                            return columns.contains(ends.0.x + part * (ends.1.x - ends.0.x))
                                && rows.contains(ends.0.y + part * (ends.1.y - ends.0.y))
                        }
                }
        }
    }
}
