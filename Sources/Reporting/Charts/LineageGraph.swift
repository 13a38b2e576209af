// SPDX-License-Identifier: Apache-2.0

/// What came from what: data, checkpoints, soft labels and adversarial sets as boxes, joined by
/// arrows, laid out in layers from left to right.
public struct LineageGraph: Chart {
    public enum Kind: Int, CaseIterable, Hashable, Sendable {
        case data, checkpoint, softLabels, adversarialSet

        var name: String {
            switch self {
            case .data: "data"
            case .checkpoint: "checkpoint"
            case .softLabels: "soft labels"
            case .adversarialSet: "adversarial set"
            }
        }
    }

    public struct Node: Sendable {
        /// What edges refer to; a digest or a name.
        public let id: String
        public let title: String
        public let detail: String
        public let kind: Kind

        public init(id: String, title: String, detail: String = "", kind: Kind) {
            self.id = id
            self.title = title
            self.detail = detail
            self.kind = kind
        }
    }

    public struct Edge: Hashable, Sendable {
        public let from: String
        public let to: String

        public init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    public var title: String
    public var nodes: [Node]
    public var edges: [Edge]

    public init(_ title: String, nodes: [Node], edges: [Edge]) {
        self.title = title
        self.nodes = nodes
        self.edges = edges
    }

    private static let boxHeight = 42.0
    private static let rowHeight = 54.0
    private static let columnGap = 58.0

    /// In truth it is as wide as its boxes.
    public var width: Double { 760 }
    public var narrowForm: NarrowForm { .scrolled }

    /// The drawing. Edges to unknown nodes, and edges that would close a circle, are left out:
    /// a damaged store still draws.
    public func svg(width _: Double) -> SVG {
        let indices = Dictionary(
            nodes.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { a, _ in a })
        let pairs = edges.compactMap { edge -> LayeredLayout.Edge? in
            guard let from = indices[edge.from], let to = indices[edge.to], from != to else {
                return nil
            }
            return LayeredLayout.Edge(from: from, to: to)
        }
        let layout = LayeredLayout(nodeCount: nodes.count, edges: pairs)
        let boxes = self.boxes(layout)
        let kinds = Kind.allCases.filter { kind in nodes.contains { $0.kind == kind } }
        let entries = kinds.map {
            Legend.Entry(name: $0.name, series: $0.colour, isBlock: true)
        }
        let width =
            max(
                boxes.map { $0.x + $0.width }.max() ?? 0, Canvas.width(of: title, size: 14), 320)
            + 12
        let legend = Legend(entries, width: width - 24)
        let top = 32 + legend.height + 10
        var canvas = Canvas()
        canvas.text(title, 12, 21, "heading")
        legend.draw(on: &canvas, x: 12, y: 32)
        for path in layout.paths { draw(path, layout, boxes, top: top, on: &canvas) }
        for (node, box) in zip(nodes, boxes) { draw(node, in: box, top: top, on: &canvas) }
        let height = top + (boxes.map(\.y).max() ?? 0) + Self.boxHeight + 14
        return SVG(
            width: width, height: height, title: title, summary: summary(pairs),
            content: canvas.content)
    }

    private struct Box {
        var x: Double
        var y: Double
        var width: Double
    }

    /// Columns are as wide as their widest node; x and y are the upper left corner.
    private func boxes(_ layout: LayeredLayout) -> [Box] {
        let widths = nodes.map { node in
            min(
                210,
                max(
                    92,
                    Canvas.width(of: node.title) * 1.06 + 28,
                    Canvas.width(of: node.detail, size: 11) + 28))
        }
        var x = 12.0
        var starts: [Double] = []
        var columnWidths: [Double] = []
        for layer in 0..<layout.layerCount {
            let width = nodes.indices.filter { layout.layer[$0] == layer }.map { widths[$0] }.max()
            starts.append(x)
            columnWidths.append(width ?? 0)
            x += (width ?? 0) + Self.columnGap
        }
        return nodes.indices.map { index in
            let layer = layout.layer[index]
            return Box(
                x: starts[layer], y: layout.row[index] * Self.rowHeight,
                width: columnWidths[layer])
        }
    }

    private func draw(_ node: Node, in box: Box, top: Double, on canvas: inout Canvas) {
        let y = top + box.y
        let tip = [node.kind.name, node.title, node.detail].filter { !$0.isEmpty }
        canvas.group(tip: tip.joined(separator: ", ")) {
            $0.rectangle(box.x, y, box.width, Self.boxHeight, "box", radius: 5)
            $0.bar(node.kind.colour, box.x, y, 7, Self.boxHeight)
            let title = Canvas.clipped(node.title, width: (box.width - 22) / 1.06)
            guard !node.detail.isEmpty else {
                $0.text(title, box.x + 14, y + 25, "strong")
                return
            }
            $0.text(title, box.x + 14, y + 18, "strong")
            $0.text(
                Canvas.clipped(node.detail, width: box.width - 22, size: 11), box.x + 14, y + 33,
                "small muted")
        }
    }

    /// An arrow from box to box, through the free places that the layout kept for it.
    private func draw(
        _ path: LayeredLayout.Path, _ layout: LayeredLayout, _ boxes: [Box], top: Double,
        on canvas: inout Canvas
    ) {
        let (start, end) = (boxes[path.edge.from], boxes[path.edge.to])
        let middle = top + Self.boxHeight / 2
        var x = start.x + start.width
        var y = middle + start.y
        var data = "M\(Markup.number(x)) \(Markup.number(y))"
        func curve(to nextX: Double, _ nextY: Double) {
            let bend = (x + nextX) / 2
            data +=
                "C\(Markup.number(bend)) \(Markup.number(y)) \(Markup.number(bend))"
                + " \(Markup.number(nextY)) \(Markup.number(nextX)) \(Markup.number(nextY))"
            (x, y) = (nextX, nextY)
        }
        for (step, row) in path.passingRows.enumerated() {
            let layer = layout.layer[path.edge.from] + step + 1
            guard let column = boxes.indices.first(where: { layout.layer[$0] == layer }) else {
                continue
            }
            let passing = middle + row * Self.rowHeight
            curve(to: boxes[column].x - 4, passing)
            x = boxes[column].x + boxes[column].width + 4
            data += "H\(Markup.number(x))"
        }
        curve(to: end.x - 7, middle + end.y)
        canvas.path(data, "edge")
        canvas.path(
            "M\(Markup.number(end.x - 1)) \(Markup.number(y))l-8 -4v8z", "arrow")
    }

    public var numbers: HTMLTable {
        let titles = Dictionary(
            nodes.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return HTMLTable(
            columns: [.init("object"), .init("kind"), .init("detail"), .init("made from")],
            rows: nodes.map { node in
                let origins = edges.filter { $0.to == node.id }.compactMap {
                    titles[$0.from]?.title
                }
                return [
                    HTMLTable.Cell(node.title), HTMLTable.Cell(node.kind.name),
                    HTMLTable.Cell(node.detail),
                    HTMLTable.Cell(origins.isEmpty ? "-" : origins.joined(separator: ", ")),
                ]
            })
    }

    private func summary(_ pairs: [LayeredLayout.Edge]) -> String {
        pairs.isEmpty
            ? "\(nodes.count) objects without parents."
            : pairs.map { "\(nodes[$0.from].title) leads to \(nodes[$0.to].title)" }
                .joined(separator: "; ") + "."
    }
}

extension LineageGraph.Kind {
    /// The series colour of the kind.
    fileprivate var colour: Int {
        switch self {
        case .data: 3
        case .checkpoint: 0
        case .softLabels: 2
        case .adversarialSet: 1
        }
    }
}
