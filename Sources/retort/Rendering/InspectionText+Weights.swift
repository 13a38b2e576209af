// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

extension InspectionText {
    func text(_ weights: WeightInspection) throws -> String {
        switch weights.selection {
        case .everything: return try listing(weights)
        case .part(let entries):
            let heading = "\(weights.file.path): \(Self.tensors(entries.count))"
            return try heading + "\n" + table(weights)
        case .tensor(let entry): return try details(entry, weights)
        case .value(_, let value): return Self.pretty(value)
        }
    }

    private func listing(_ weights: WeightInspection) throws -> String {
        let file = weights.file
        let total = LayerTree(file.entries).nodes[0].parameterCount
        var lines = [
            "\(file.path): \(file.format.title), \(NumberText.bytes(file.byteCount)), "
                + "\(Self.tensors(file.entries.count)), "
                + "\(NumberText.count(total)) parameters"
        ]
        lines += (file.remarks + (file.model?.notes ?? [])).map { "note: " + printable($0) }
        if !file.entries.isEmpty { lines.append(try table(weights)) }
        let metadata = file.metadata.sorted { $0.key < $1.key }
        if !metadata.isEmpty { lines.append("metadata") }
        for (key, value) in metadata.prefix(Self.metadataLimit) {
            lines.append("  \(printable(key)) = \(Self.oneLine(value))")
        }
        if metadata.count > Self.metadataLimit {
            lines.append("  ... \(metadata.count - Self.metadataLimit) more")
        }
        if let operations = file.model?.graph?["nodes"]?.arrayValue?.count {
            lines.append("model: runnable, \(operations) operations")
        }
        lines.append(Self.text(FileSpace(file)))
        return lines.joined(separator: "\n")
    }

    private static func tensors(_ count: Int) -> String {
        count == 1 ? "1 tensor" : "\(NumberText.count(count)) tensors"
    }

    private static let metadataLimit = 60

    private static func text(_ space: FileSpace) -> String {
        var text = "space: \(NumberText.bytes(space.payload)) payload"
        if space.elements != space.payload {
            text += " that holds \(NumberText.bytes(space.elements)) of elements"
        }
        if let metadata = space.metadata {
            return text + ", \(NumberText.bytes(metadata)) metadata, "
                + "\(NumberText.bytes(space.unaccounted)) neither (free or alignment)"
        }
        return text + ", \(NumberText.bytes(space.unaccounted)) headers, indexes and the rest"
    }

    /// The tree of layers with what each tensor is.
    private func table(_ weights: WeightInspection) throws -> String {
        let tensors = weights.tensors
        let measures = try request.measures(tensors)
        var rows: [[String]] = []
        for line in LayerTree(weights.entries).lines {
            let node = line.node
            let indent = String(repeating: "  ", count: line.depth)
            let kind = node.kind.map { " (\(printable($0)))" } ?? ""
            let label = indent + printable(line.label) + kind
            guard let index = node.tensor else {
                rows.append([
                    label, "", "", NumberText.count(node.parameterCount),
                    NumberText.bytes(node.byteCount),
                ])
                continue
            }
            rows.append(cells(label, tensors[index].entry, measures[index]))
        }
        var columns = self.columns
        let last = columns.count - 1
        if !rows.contains(where: { $0.count > last && !$0[last].isEmpty }) {
            columns.removeLast()
            rows = rows.map { Array($0.prefix(last)) }
        }
        var table = TextTable(columns: columns)
        for row in rows { table.append(row) }
        return String(table.text(style: .plain, width: Console.outputWidth).dropLast())
    }

    private var columns: [TextTable.Column] {
        var columns: [TextTable.Column] = [
            .init("layer"), .init("type"), .init("shape"), .init("parameters", .right),
            .init("size", .right),
        ]
        if request.statistics {
            columns += ["min", "max", "mean", "std", "l2", "zeros"].map { .init($0, .right) }
            columns.append(.init("distribution"))
        }
        if request.digests { columns.append(.init("digest")) }
        return columns + [.init("remarks")]
    }

    private func cells(
        _ label: String, _ entry: WeightEntry, _ measures: TensorMeasures
    ) -> [String] {
        var cells = [
            label, printable(entry.typeName), entry.shape.description,
            NumberText.count(entry.shape.elementCount), NumberText.bytes(entry.byteCount),
        ]
        if request.statistics {
            let statistics = measures.statistics
            let numbers = [
                statistics?.minimum, statistics?.maximum, statistics?.mean,
                statistics?.deviation, statistics?.norm,
            ]
            cells += numbers.map { $0.map { NumberText.short($0) } ?? "-" }
            cells.append(statistics.map { NumberText.count($0.zeroCount) } ?? "-")
            cells.append(statistics?.histogram?.bars ?? "")
        }
        if request.digests { cells.append((measures.digest ?? entry.digest)?.short ?? "-") }
        cells.append(Self.remarks(entry, measures).joined(separator: ", "))
        return cells
    }

    /// What does not fit into a column: ties, compression, the name in the file, oddities.
    private static func remarks(_ entry: WeightEntry, _ measures: TensorMeasures) -> [String] {
        var remarks: [String] = []
        if let oddities = measures.statistics?.oddities, !oddities.isEmpty {
            remarks.append(oddities)
        }
        if let stated = entry.digest, let found = measures.digest, stated != found {
            remarks.append("the file states digest \(stated.short)")
        }
        if let shared = entry.sharedWith {
            remarks.append("= \(printable(shared))")
        } else if entry.storedByteCount != entry.byteCount {
            remarks.append("\(NumberText.bytes(entry.storedByteCount)) stored")
        }
        // Without a role the tree is made of the name itself.
        if entry.role != nil, LayerName.spelled(entry.name) != LayerTree.label(of: entry) {
            remarks.append(printable(entry.name))
        }
        return remarks
    }

    private func details(_ entry: WeightEntry, _ weights: WeightInspection) throws -> String {
        let measures = try request.measures(weights.tensors)[0]
        var lines = [
            "\(weights.file.path): \(printable(entry.name))",
            "type      \(printable(entry.typeName))",
            "shape     \(entry.shape)",
            "bytes     \(NumberText.count(entry.byteCount)), "
                + "\(NumberText.count(entry.storedByteCount)) stored",
        ]
        if let role = entry.role { lines += Self.lines(role) }
        if let shared = entry.sharedWith { lines.append("tied      to \(printable(shared))") }
        if let source = entry.sourceName { lines.append("was       \(printable(source))") }
        lines += Self.digestLines(entry, measures)
        lines += Self.statisticsLines(measures)
        if entry.elementType == nil {
            lines.append("values of type \(printable(entry.typeName)) are listed and not read")
        } else {
            lines += try Self.values(TensorRows(entry.tensor()), role: entry.role)
        }
        return lines.joined(separator: "\n")
    }

    private static func lines(_ role: ParameterRole) -> [String] {
        let parameter = role.layout == .keras ? role.kerasName : role.pytorchName
        var lines = [
            "role      \(printable(parameter)) of \(printable(role.layer)) "
                + "(\(printable(role.kind.title))), \(role.layout.rawValue) axis order"
        ]
        if let origin = role.flatten {
            lines.append(
                "inputs    flattened from \(origin.height) x \(origin.width) pixels of "
                    + "\(origin.channels) channels")
        }
        return lines
    }
}
