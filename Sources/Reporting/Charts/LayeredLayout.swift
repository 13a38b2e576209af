// SPDX-License-Identifier: Apache-2.0

/// Places the nodes of a directed graph in layers so that edges run one way and seldom cross.
///
/// Sugiyama, Tagawa and Toda's method ("Methods for visual understanding of hierarchical system
/// structures", 1981): layers by longest path, order within a layer by repeated averaging over
/// neighbours, then rows that follow the neighbours without overlap.
struct LayeredLayout {
    struct Edge: Hashable {
        let from: Int
        let to: Int
    }

    struct Path {
        let edge: Edge
        /// Rows at which the edge passes the layers between its ends.
        let passingRows: [Double]
    }

    private(set) var layer: [Int]
    /// Vertical place of each node, in rows from the top.
    private(set) var row: [Double]
    private(set) var paths: [Path] = []
    let layerCount: Int

    init(nodeCount: Int, edges: [Edge]) {
        let kept = Self.withoutCircles(nodeCount: nodeCount, edges: edges)
        layer = Self.layers(nodeCount: nodeCount, edges: kept)
        layerCount = (layer.max() ?? -1) + 1
        // Stand-ins keep a place in every layer that a long edge passes.
        var cellLayer = layer
        var links: [Edge] = []
        var standIns: [[Int]] = []
        for edge in kept {
            var (last, passed) = (edge.from, [Int]())
            for between in (layer[edge.from] + 1)..<max(layer[edge.from] + 1, layer[edge.to]) {
                passed.append(cellLayer.count)
                links.append(Edge(from: last, to: cellLayer.count))
                last = cellLayer.count
                cellLayer.append(between)
            }
            links.append(Edge(from: last, to: edge.to))
            standIns.append(passed)
        }
        let rows = Self.rows(cellLayer: cellLayer, links: links)
        row = Array(rows.prefix(nodeCount))
        paths = zip(kept, standIns).map { edge, cells in
            Path(edge: edge, passingRows: cells.map { rows[$0] })
        }
    }

    /// The edges but those that lead back to a node they came through.
    private static func withoutCircles(nodeCount: Int, edges: [Edge]) -> [Edge] {
        enum Mark { case new, open, done }
        var marks = [Mark](repeating: .new, count: nodeCount)
        let outgoing = Dictionary(grouping: edges.uniqued(), by: \.from)
        var kept: [Edge] = []
        for root in 0..<nodeCount where marks[root] == .new {
            marks[root] = .open
            var stack = [(node: root, next: 0)]
            while let (node, next) = stack.last {
                guard let edge = outgoing[node].flatMap({ next < $0.count ? $0[next] : nil })
                else {
                    marks[node] = .done
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                if marks[edge.to] == .open { continue }
                kept.append(edge)
                if marks[edge.to] == .new {
                    marks[edge.to] = .open
                    stack.append((edge.to, 0))
                }
            }
        }
        // In the order they were given, so that equal graphs are drawn alike.
        let set = Set(kept)
        return edges.uniqued().filter(set.contains)
    }

    /// Longest distance from a source; sources then move right, next to what they lead to.
    private static func layers(nodeCount: Int, edges: [Edge]) -> [Int] {
        var layer = [Int](repeating: 0, count: nodeCount)
        var waiting = [Int](repeating: 0, count: nodeCount)
        for edge in edges { waiting[edge.to] += 1 }
        let outgoing = Dictionary(grouping: edges, by: \.from)
        var ready = (0..<nodeCount).filter { waiting[$0] == 0 }
        let sources = ready
        while let node = ready.popLast() {
            for edge in outgoing[node] ?? [] {
                layer[edge.to] = max(layer[edge.to], layer[node] + 1)
                waiting[edge.to] -= 1
                if waiting[edge.to] == 0 { ready.append(edge.to) }
            }
        }
        for source in sources {
            if let nearest = outgoing[source]?.map({ layer[$0.to] }).min() {
                layer[source] = nearest - 1
            }
        }
        return layer
    }

    private static func rows(cellLayer: [Int], links: [Edge]) -> [Double] {
        var ordering = LayerOrdering(cellLayer: cellLayer, links: links)
        ordering.reduceCrossings()
        var rows = ordering.position.map(Double.init)
        for sweep in 0..<16 {
            let forward = sweep.isMultiple(of: 2)
            let neighbours = forward ? ordering.before : ordering.after
            let columns = ordering.columns
            for column in forward ? columns : columns.reversed() {
                let wishes = column.map { cell in
                    let near = neighbours[cell]
                    return near.isEmpty
                        ? rows[cell] : near.reduce(0) { $0 + rows[$1] } / Double(near.count)
                }
                for (cell, row) in zip(column, spread(wishes)) { rows[cell] = row }
            }
        }
        let top = rows.min() ?? 0
        return rows.map { $0 - top }
    }

    /// The rows nearest to `wishes` (in order) that are at least one apart: runs that collide are
    /// merged and centred on their mean wish.
    private static func spread(_ wishes: [Double]) -> [Double] {
        var runs: [(sum: Double, count: Int)] = []
        func start(_ run: (sum: Double, count: Int)) -> Double { run.sum / Double(run.count) }
        for (position, wish) in wishes.enumerated() {
            // Shifted by the position, "one apart" becomes "not decreasing".
            runs.append((wish - Double(position), 1))
            while runs.count > 1, start(runs[runs.count - 1]) < start(runs[runs.count - 2]) {
                let last = runs.removeLast()
                runs[runs.count - 1].sum += last.sum
                runs[runs.count - 1].count += last.count
            }
        }
        let starts = runs.flatMap { [Double](repeating: start($0), count: $0.count) }
        return starts.enumerated().map { $0.element + Double($0.offset) }
    }
}

extension Array where Element: Hashable {
    /// Each element once, where it first stands.
    fileprivate func uniqued() -> [Element] {
        var seen = Set<Element>()
        return filter { seen.insert($0).inserted }
    }
}
