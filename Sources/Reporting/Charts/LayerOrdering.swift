// SPDX-License-Identifier: Apache-2.0

/// The order of the cells in each layer of a ``LayeredLayout``, chosen so that few links cross.
struct LayerOrdering {
    private(set) var columns: [[Int]]
    /// Place of each cell in its column.
    private(set) var position: [Int]
    let before: [[Int]]
    let after: [[Int]]

    init(cellLayer: [Int], links: [LayeredLayout.Edge]) {
        var before = [[Int]](repeating: [], count: cellLayer.count)
        var after = before
        for link in links {
            before[link.to].append(link.from)
            after[link.from].append(link.to)
        }
        columns = [[Int]](repeating: [], count: (cellLayer.max() ?? -1) + 1)
        position = [Int](repeating: 0, count: cellLayer.count)
        for (cell, layer) in cellLayer.enumerated() {
            position[cell] = columns[layer].count
            columns[layer].append(cell)
        }
        self.before = before
        self.after = after
    }

    /// Sweeps left and right, sorting each column by its neighbours' mean place and then
    /// exchanging cells next to each other while that helps; keeps the best order seen.
    mutating func reduceCrossings() {
        var best = (count: crossings, ordering: self)
        for sweep in 0..<16 where best.count > 0 {
            let forward = sweep.isMultiple(of: 2)
            let indices = Array(columns.indices)
            for index in forward ? indices : indices.reversed() {
                sortColumn(index, by: forward ? before : after)
            }
            for index in indices { exchangeNeighbours(in: index) }
            let count = crossings
            if count < best.count { best = (count, self) }
        }
        self = best.ordering
    }

    private mutating func sortColumn(_ index: Int, by neighbours: [[Int]]) {
        let wishes = columns[index].map { cell -> (cell: Int, wish: Double) in
            let near = neighbours[cell]
            let sum = near.reduce(0) { $0 + position[$1] }
            return (cell, near.isEmpty ? Double(position[cell]) : Double(sum) / Double(near.count))
        }
        // A stable sort: equal wishes keep their order.
        let sorted = wishes.enumerated().sorted {
            ($0.element.wish, $0.offset) < ($1.element.wish, $1.offset)
        }
        columns[index] = sorted.map(\.element.cell)
        for (place, cell) in columns[index].enumerated() { position[cell] = place }
    }

    private mutating func exchangeNeighbours(in index: Int) {
        for _ in 0..<columns[index].count {
            var hasChanged = false
            for place in columns[index].indices.dropLast() {
                let (upper, lower) = (columns[index][place], columns[index][place + 1])
                guard crossings(upper, lower) > crossings(lower, upper) else { continue }
                columns[index].swapAt(place, place + 1)
                position[upper] = place + 1
                position[lower] = place
                hasChanged = true
            }
            if !hasChanged { break }
        }
    }

    /// Crossings between the links of two cells of a column, the first above the second.
    private func crossings(_ upper: Int, _ lower: Int) -> Int {
        [before, after].reduce(0) { total, neighbours in
            total
                + neighbours[upper].reduce(0) { sum, near in
                    sum + neighbours[lower].count { position[$0] < position[near] }
                }
        }
    }

    /// Crossings in the whole drawing.
    private var crossings: Int {
        columns.reduce(0) { total, column in
            total
                + column.indices.reduce(0) { sum, first in
                    sum
                        + column[(first + 1)...].reduce(0) { inner, lower in
                            inner
                                + after[column[first]].reduce(0) { count, near in
                                    count + after[lower].count { position[$0] < position[near] }
                                }
                        }
                }
        }
    }
}
