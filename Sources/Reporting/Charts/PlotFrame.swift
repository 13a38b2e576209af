// SPDX-License-Identifier: Apache-2.0

/// The rectangle that curves are drawn in, with its axes and grid.
struct PlotFrame {
    private let xLayout: AxisLayout
    private let yLayout: AxisLayout
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    /// Height of the whole drawing.
    let height: Double

    init(x: AxisLayout, y: AxisLayout, width: Double, top: Double, plotHeight: Double) {
        xLayout = x
        yLayout = y
        let labelWidth = y.ticks.values.map { Canvas.width(of: y.label($0)) }.max() ?? 0
        left = 12 + (y.axis.label.isEmpty ? 0 : 20) + labelWidth + 8
        // Room for half of the last label.
        right = width - 22
        self.top = top
        bottom = top + plotHeight
        height = bottom + 24 + (x.axis.label.isEmpty ? 4 : 24)
    }

    func x(_ value: Double) -> Double? {
        xLayout.clippedPosition(value).map { left + $0 * (right - left) }
    }

    func y(_ value: Double) -> Double? {
        yLayout.clippedPosition(value).map { bottom - $0 * (bottom - top) }
    }

    func drawAxes(on canvas: inout Canvas) {
        for value in yLayout.ticks.values {
            guard let y = y(value) else { continue }
            canvas.line(left, y, right, y, "grid")
            canvas.text(yLayout.label(value), left - 8, y + 4, "muted", anchor: .end)
        }
        var lastEnd = -Double.infinity
        for value in xLayout.ticks.values {
            guard let x = x(value) else { continue }
            let label = xLayout.label(value)
            let half = Canvas.width(of: label) / 2
            canvas.line(x, bottom, x, bottom + 5, "axis")
            // Labels that would touch are left out; their ticks stay.
            guard x - half > lastEnd + 6 else { continue }
            canvas.text(label, x, bottom + 19, "muted", anchor: .middle)
            lastEnd = x + half
        }
        canvas.line(left, bottom, right, bottom, "axis")
        if !xLayout.axis.label.isEmpty {
            canvas.text(
                Canvas.clipped(xLayout.axis.label, width: right - left), (left + right) / 2,
                bottom + 40, anchor: .middle)
        }
        if !yLayout.axis.label.isEmpty {
            canvas.text(
                Canvas.clipped(yLayout.axis.label, width: bottom - top), 20, (top + bottom) / 2,
                anchor: .middle, rotation: -90)
        }
    }
}
