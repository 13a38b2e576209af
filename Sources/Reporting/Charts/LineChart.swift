// SPDX-License-Identifier: Apache-2.0

/// Curves over a common axis: training curves, accuracy against epsilon, success against
/// temperature, shares of rows against the distance that breaks them.
public struct LineChart: Chart {
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
        public enum Shape: Hashable, Sendable {
            /// Points joined by straight lines.
            case straight
            /// A value holds until the next point: distribution functions, survival curves.
            case steps
        }

        public let name: String
        public let points: [Point]
        public let isDashed: Bool
        /// Which colour and mark; nil takes the next. Two series may share one to show a pair.
        public let colour: Int?
        public let shape: Shape
        /// Where rows left the count without an event, drawn as upright ticks on the curve.
        public let censored: [Point]

        public init(
            _ name: String, _ points: [Point], isDashed: Bool = false, colour: Int? = nil,
            shape: Shape = .straight, censored: [Point] = []
        ) {
            self.name = name
            self.points = points
            self.isDashed = isDashed
            self.colour = colour
            self.shape = shape
            self.censored = censored
        }
    }

    /// A line across the chart: chance, or the undefended model.
    public struct Baseline: Sendable {
        public let name: String
        public let y: Double
        /// What the value is known to lie in, drawn as a band across the chart.
        public let band: ClosedRange<Double>?

        public init(_ name: String, y: Double, band: ClosedRange<Double>? = nil) {
            self.name = name
            self.y = y
            self.band = band
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

    /// The chart made for standing beside another.
    public var halfPage: LineChart {
        var chart = self
        chart.width = SVG.halfPageWidth
        return chart
    }

    /// The drawing. Points that are not numbers, or not positive on a logarithmic axis, are left
    /// out and break their curve.
    public func svg(width: Double) -> SVG {
        let points = series.flatMap { $0.points + $0.censored }
        let heights =
            points.flatMap { [$0.y, $0.band?.lowerBound, $0.band?.upperBound].compactMap { $0 } }
            + baselines.flatMap {
                [$0.y, $0.band?.lowerBound, $0.band?.upperBound].compactMap { $0 }
            }
        let isNarrow = width < 600
        let x = AxisLayout(
            xAxis, values: points.map(\.x), tickCount: isNarrow ? 5 : 8, isWidened: false)
        let y = AxisLayout(yAxis, values: heights, tickCount: 5, isWidened: true)
        let heading = ChartHeading(
            title,
            legend: series.enumerated().map { index, series in
                Legend.Entry(
                    name: series.name, series: series.colour ?? index,
                    isDashed: series.isDashed, hasMarker: series.shape == .straight)
            }, width: width)
        let plot = PlotFrame(
            x: x, y: y, width: width, top: heading.height + 4,
            plotHeight: isNarrow ? min(plotHeight, 230) : plotHeight)
        var canvas = Canvas()
        heading.draw(on: &canvas)
        plot.drawAxes(on: &canvas)
        drawCurves(in: plot, on: &canvas)
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

    func text(_ point: Point) -> String {
        "\(yAxis.text(point.y)) at \(xAxis.text(point.x))"
    }
}
