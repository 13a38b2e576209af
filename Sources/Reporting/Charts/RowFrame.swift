// SPDX-License-Identifier: Apache-2.0

/// Rows below each other over one horizontal axis: bars, histograms, before and after.
///
/// Names stand to the left of their rows where there is room, and above them where there is not.
struct RowFrame {
    private let layout: AxisLayout
    private let names: [String]
    private let hasNamesAbove: Bool
    private let rowHeight: Double
    private let pitch: Double
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    /// Height of the whole drawing.
    let height: Double

    private static let gap = 14.0
    private static let nameLine = 17.0

    /// - Parameters:
    ///   - rowHeight: of what is drawn, without the name.
    ///   - valueRoom: pixels kept free at the right for values.
    init(
        _ layout: AxisLayout, names: [String], rowHeight: Double, width: Double, top: Double,
        valueRoom: Double = 0
    ) {
        self.layout = layout
        self.rowHeight = rowHeight
        self.top = top
        hasNamesAbove = width < 600
        let room = hasNamesAbove ? width - 24 : min(230, width / 3)
        // Names above their rows are bold, and so a little wider.
        self.names = names.map {
            Canvas.clipped($0, width: width < 600 ? room / 1.1 : room)
        }
        let widest = self.names.map { Canvas.width(of: $0) }.max() ?? 0
        left = hasNamesAbove ? 20 : 12 + widest + 10
        right = width - 14 - max(valueRoom, 6)
        pitch = rowHeight + Self.gap + (hasNamesAbove ? Self.nameLine : 0)
        bottom = top + Double(names.count) * pitch
        height = bottom + (layout.axis.label.isEmpty ? 28 : 48)
    }

    /// Upper edge of what row `index` draws.
    func top(of index: Int) -> Double {
        top + Double(index) * pitch + Self.gap / 2 + (hasNamesAbove ? Self.nameLine : 0)
    }

    /// Where a value lies, clipped to the axis; nil for what has no place on it.
    func x(_ value: Double) -> Double? {
        layout.clippedPosition(value).map { left + $0 * (right - left) }
    }

    /// Where bars begin.
    var origin: Double { x(0) ?? left }

    func drawAxes(on canvas: inout Canvas) {
        var lastEnd = -Double.infinity
        for value in layout.ticks.values {
            guard let x = x(value) else { continue }
            canvas.line(x, top, x, bottom, "grid")
            let label = layout.label(value)
            let half = Canvas.width(of: label) / 2
            guard x - half > lastEnd + 6 else { continue }
            canvas.text(label, x, bottom + 17, "muted", anchor: .middle)
            lastEnd = x + half
        }
        for (index, name) in names.enumerated() {
            let y = top(of: index)
            if hasNamesAbove {
                canvas.text(name, 12, y - 5, "strong")
            } else {
                canvas.text(name, left - 10, y + rowHeight / 2 + 4, anchor: .end)
            }
        }
        canvas.line(origin, top, origin, bottom, "axis")
        if !layout.axis.label.isEmpty {
            canvas.text(
                Canvas.clipped(layout.axis.label, width: right - left), (left + right) / 2,
                bottom + 37, anchor: .middle)
        }
    }
}
