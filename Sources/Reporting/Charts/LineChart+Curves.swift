// SPDX-License-Identifier: Apache-2.0

extension LineChart {
    func drawCurves(in plot: PlotFrame, on canvas: inout Canvas) {
        for (index, series) in series.enumerated() {
            drawBand(of: series, colour: series.colour ?? index, in: plot, on: &canvas)
        }
        var labels: [LabelPlacement.Box] = []
        for baseline in baselines {
            drawLine(of: baseline, placed: &labels, in: plot, on: &canvas)
        }
        for (index, series) in series.enumerated() {
            draw(series, colour: series.colour ?? index, in: plot, on: &canvas)
        }
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
            let outline = path(upper, series.shape) + path(lower, series.shape).reversed()
            canvas.path(Canvas.polyline(outline) + "z", "band fill \(Palette.series(colour))")
        }
    }

    private func draw(
        _ series: Series, colour: Int, in plot: PlotFrame, on canvas: inout Canvas
    ) {
        let style = "curve line \(Palette.series(colour))\(series.isDashed ? " dashed" : "")"
        let runs = runs(of: series, in: plot)
        for run in runs where run.count > 1 {
            canvas.path(
                Canvas.polyline(path(run.map { ($0.x, $0.y) }, series.shape)), style)
        }
        for point in series.censored {
            guard let x = plot.x(point.x), let y = plot.y(point.y) else { continue }
            canvas.path(
                "M\(Markup.number(x)) \(Markup.number(y - 5))v10",
                "curve line \(Palette.series(colour))")
        }
        // Many points make a curve; marks would only hide it.
        let count = runs.reduce(0) { $0 + $1.count }
        let isMarked = series.shape == .straight && count <= 40 || runs.count == count
        for item in runs.joined() where isMarked {
            canvas.group(tip: "\(series.name): \(text(item.point))") {
                $0.marker(colour, item.x, item.y)
            }
        }
    }

    private typealias Placed = (point: Point, x: Double, y: Double)

    /// Corners of the line through `points`.
    private func path(
        _ points: [(x: Double, y: Double)], _ shape: Series.Shape
    ) -> [(x: Double, y: Double)] {
        guard shape == .steps, let first = points.first else { return points }
        return [first]
            + zip(points, points.dropFirst()).flatMap { [($1.x, $0.y), ($1.x, $1.y)] }
    }

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

    private func drawLine(
        of baseline: Baseline, placed: inout [LabelPlacement.Box], in plot: PlotFrame,
        on canvas: inout Canvas
    ) {
        guard let y = plot.y(baseline.y) else { return }
        if let band = baseline.band, let upper = plot.y(band.upperBound),
            let lower = plot.y(band.lowerBound)
        {
            canvas.rectangle(
                plot.left, upper, plot.right - plot.left, lower - upper, "band fill c7")
        }
        canvas.line(plot.left, y, plot.right, y, "curve line c7 dashed")
        let name = Canvas.clipped(
            baseline.name, width: plot.right - plot.left - 20, size: 11)
        let width = Canvas.width(of: name, size: 11)
        // Above or below the line, wherever the curves leave most room; the right end if all do.
        let (first, last) = (plot.left + 6, plot.right - 4 - width)
        let places = stride(from: 4, through: 0, by: -1).flatMap { step in
            [y - 6, y + 15].map { bottom in
                LabelPlacement.Box(
                    left: first + Double(step) / 4 * (last - first), bottom: bottom, width: width)
            }
        }
        let free = places.filter { $0.bottom > plot.top + 3 && $0.bottom < plot.bottom - 2 }
        let curves = series.flatMap { series in
            runs(of: series, in: plot).map { run in path(run.map { ($0.x, $0.y) }, series.shape) }
        }
        let place = LabelPlacement(curves: curves, labels: placed).best(of: free) ?? places[0]
        canvas.text(name, place.left, place.bottom, "small muted")
        placed.append(place)
    }
}
