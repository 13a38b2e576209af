// SPDX-License-Identifier: Apache-2.0

/// A drawing of numbers that can also say them.
///
/// A page shows a chart twice, at the width of a desk and at that of a telephone, each with text
/// of full size, and puts ``numbers`` under it for those who cannot see it or want to compute on.
public protocol Chart: Sendable {
    var title: String { get }
    /// Pixels it takes on a wide page.
    var width: Double { get }
    var narrowForm: NarrowForm { get }
    /// Every number in the drawing.
    var numbers: HTMLTable { get }
    /// The drawing, about `width` pixels wide.
    func svg(width: Double) -> SVG
}

/// What becomes of a drawing on a narrow page.
public enum NarrowForm: Hashable, Sendable {
    /// It is drawn again at ``SVG/phoneWidth``, with text of full size.
    case redrawn
    /// The wide one is shrunk: its text is large enough.
    case shrunk
    /// The wide one can be moved under a finger.
    case scrolled
}

extension Chart {
    public var narrowForm: NarrowForm { .redrawn }

    /// The drawing for a wide page.
    public func svg() -> SVG { svg(width: width) }
}

/// What stands over the plot: the title on as many lines as it needs, then the legend.
struct ChartHeading {
    private let lines: [String]
    private let legend: Legend
    /// Pixels from the drawing's upper edge to the plot.
    let height: Double
    private static let margin = 12.0
    private static let lineHeight = 18.0

    init(_ title: String, legend entries: [Legend.Entry] = [], width: Double) {
        let room = width - 2 * Self.margin
        // Headings are bold, and so a little wider.
        lines = Canvas.wrapped(title, width: room / 1.07, size: 14)
        legend = Legend(entries, width: room)
        height = 14 + Double(lines.count) * Self.lineHeight + legend.height + 8
    }

    func draw(on canvas: inout Canvas) {
        for (index, line) in lines.enumerated() {
            canvas.text(line, Self.margin, 21 + Double(index) * Self.lineHeight, "heading")
        }
        legend.draw(
            on: &canvas, x: Self.margin, y: 14 + Double(lines.count) * Self.lineHeight)
    }
}
