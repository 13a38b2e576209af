// SPDX-License-Identifier: Apache-2.0

extension LineChart {
    /// One column for each curve over common places on the axis; curve below curve where their
    /// places differ, as those of distribution functions do.
    public var numbers: HTMLTable {
        let places = Set(series.flatMap { $0.points.map(\.x) }).sorted()
        let longest = series.map(\.points.count).max() ?? 0
        let areCommon =
            places.count <= longest + longest / 2 + 2
            && series.allSatisfy { $0.censored.isEmpty }
        return areCommon ? columns(places) : stacked
    }

    private func columns(_ places: [Double]) -> HTMLTable {
        HTMLTable(
            columns: [.init(xAxis.tableTitle, .right)] + series.map { .init($0.name, .right) },
            rows: places.map { x in
                [HTMLTable.Cell(xAxis.text(x))]
                    + series.map { series in
                        let point = series.points.last { $0.x == x }
                        return yAxis.cell(point?.y, band: point?.band)
                    }
            }, caption: RichText(caption))
    }

    private var stacked: HTMLTable {
        HTMLTable(
            columns: [.init(xAxis.tableTitle, .right), .init(yAxis.tableTitle, .right)],
            rows: series.flatMap { series in
                [[HTMLTable.Cell(series.name)]]
                    + series.points.map {
                        [HTMLTable.Cell(xAxis.text($0.x)), yAxis.cell($0.y, band: $0.band)]
                    }
                    + series.censored.map {
                        [
                            HTMLTable.Cell(xAxis.text($0.x), detail: "left the count"),
                            yAxis.cell($0.y),
                        ]
                    }
            }, caption: RichText(caption))
    }

    private var caption: String {
        let lines = baselines.map { baseline in
            let cell = yAxis.cell(baseline.y, band: baseline.band)
            return "\(baseline.name): \(cell.text)\(cell.detail.isEmpty ? "" : " " + cell.detail)"
        }
        return ([yAxis.tableTitle + " against " + xAxis.tableTitle] + lines)
            .joined(separator: ". ") + "."
    }
}
