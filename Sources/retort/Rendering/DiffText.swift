// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

/// A comparison for people: the verdict first, then what moved most, then every difference.
struct DiffText {
    let comparison: FileComparison
    private let width = Console.outputWidth

    init(_ comparison: FileComparison) {
        self.comparison = comparison
    }

    private var weights: WeightComparison { comparison.weights }

    var text: String {
        var blocks = [[heading("A", comparison.a), heading("B", comparison.b), verdict]]
        blocks.append(layers)
        blocks.append(changes)
        blocks.append(list("only in A", weights.onlyInA))
        blocks.append(list("only in B", weights.onlyInB))
        blocks.append(renamings)
        blocks.append(rules)
        blocks.append(notes)
        return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n")
    }

    private func heading(_ letter: String, _ side: ComparedFile) -> String {
        let count = side.file.entries.count
        let bytes = side.file.entries.reduce(0) { $0 + $1.byteCount }
        return "\(letter)  \(printable(side.title)): \(side.file.format.title), "
            + "\(NumberText.count(count)) tensor\(count == 1 ? "" : "s"), "
            + NumberText.bytes(bytes)
    }

    private var verdict: String {
        let pairs = weights.pairs
        var parts: [String] = []
        func add(_ count: Int, _ what: String) {
            if count > 0 { parts.append("\(NumberText.count(count)) \(what)") }
        }
        add(weights.changed.count, "changed")
        add(weights.onlyInA.count, "only in A")
        add(weights.onlyInB.count, "only in B")
        add(weights.renamed.count, "renamed")
        add(weights.unread.count, "not compared")
        add(pairs.count { $0.outcome == .withinTolerance }, "within the tolerance")
        add(pairs.count { $0.outcome == .equal && !$0.match.isRenaming }, "equal")
        if comparison.architecture == .different { parts.append("another architecture") }
        let word =
            comparison.isEqual ? "equal" : comparison.isDifferent ? "DIFFERENT" : "NOT COMPARED"
        return parts.isEmpty ? word : word + ": " + parts.joined(separator: ", ")
    }

    /// The layers that moved, with bars on a logarithmic scale: changes span decades.
    private var layers: [String] {
        let layers = weights.layers
        guard !layers.isEmpty else { return [] }
        var table = TextTable(columns: [
            .init("layer"), .init("relative L2", .right), .init("largest", .right),
            .init("tensors", .right), .init("decades above 1e-8"),
        ])
        let shown = 20
        for layer in layers.prefix(shown) {
            let decades = (layer.relativeL2.isFinite ? log10Floor(layer.relativeL2) : 1) + 9
            table.append([
                printable(layer.layer), NumberText.short(layer.relativeL2),
                NumberText.short(layer.maximum), String(layer.tensorCount),
                String(repeating: "█", count: max(1, min(12, decades))),
            ])
        }
        var lines = ["layers, the one that moved most first:"] + rows(table)
        if layers.count > shown { lines.append("and \(layers.count - shown) more layers") }
        return lines
    }

    private func log10Floor(_ value: Double) -> Int {
        var (decade, rest) = (0, value)
        guard rest > 0 else { return -9 }
        while rest >= 10, decade < 4 { (decade, rest) = (decade + 1, rest / 10) }
        while rest < 1, decade > -9 { (decade, rest) = (decade - 1, rest * 10) }
        return decade
    }

    private var changes: [String] {
        let pairs = weights.changed.filter { !$0.match.isRenaming || $0.reason != .values }
        guard !pairs.isEmpty else { return [] }
        var table = TextTable(columns: [
            .init("changed"), .init("how"), .init("largest", .right),
            .init("relative L2", .right),
            .init("cosine", .right), .init("ULP", .right), .init("elements beyond", .right),
            .init("worst"),
        ])
        for pair in pairs { table.append(cells(pair)) }
        let hints = pairs.compactMap { pair in
            pair.hint.map { "  \(printable(pair.a.name)): \($0)" }
        }
        return rows(table) + hints
    }

    private func cells(_ pair: ComparedPair) -> [String] {
        let name = printable(pair.a.name)
        guard let difference = pair.difference else { return [name, how(pair)] }
        return [
            name, how(pair), NumberText.short(difference.maximum),
            NumberText.short(difference.relativeL2),
            difference.cosine.map { NumberText.short($0, digits: 6) } ?? "-",
            difference.maximumULP.map { $0 < 1_000_000 ? String($0) : "> 1e6" } ?? "-",
            "\(NumberText.count(difference.beyond)) of \(NumberText.count(difference.count))",
            worst(pair),
        ]
    }

    private func how(_ pair: ComparedPair) -> String {
        switch pair.reason {
        case .shape: "shape \(pair.a.shape) -> \(pair.b.shape)"
        case .type: "type \(pair.a.typeName) -> \(pair.b.typeName)"
        case .values, nil: "values"
        }
    }

    private func worst(_ pair: ComparedPair) -> String {
        guard let worst = pair.difference?.worst, let index = pair.worstIndex else { return "" }
        let place = index.map(String.init).joined(separator: ", ")
        return "[\(place)] \(NumberText.short(worst.a)) -> \(NumberText.short(worst.b))"
    }

    private func list(_ title: String, _ entries: [WeightEntry]) -> [String] {
        guard !entries.isEmpty else { return [] }
        return ["\(title):"]
            + entries.map { "  \(printable($0.name))  \($0.typeName) \($0.shape)" }
    }

    private var renamings: [String] {
        guard !weights.renamed.isEmpty else { return [] }
        return ["renamed:"]
            + weights.renamed.map { pair in
                let names = "  \(printable(pair.a.name)) -> \(printable(pair.b.name))"
                if pair.match == .digest { return names + "  (equal content)" }
                let distance = pair.difference.map { NumberText.short($0.relativeL2) } ?? "-"
                return names + "  (probably: relative L2 \(distance))"
            }
    }

    private func rows(_ table: TextTable) -> [String] {
        table.text(style: .plain, width: width).split(separator: "\n").map(String.init)
    }
}
