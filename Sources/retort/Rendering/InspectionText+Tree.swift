// SPDX-License-Identifier: Apache-2.0

import HDF5
import Interchange
import Reporting
import Tensors

extension InspectionText {
    func text(_ tree: TreeInspection) throws -> String {
        if case .dataset(let dataset)? = tree.object { return try details(dataset, in: tree) }
        let kind = tree.store == nil ? "HDF5 file" : "Retort store, format 1"
        var lines = ["\(tree.path): \(kind), \(NumberText.bytes(tree.fileByteCount))"]
        if tree.object == nil, let store = tree.store {
            lines.append(try StoreListing(store).text())
            if !request.isEmpty { lines += try outline(tree) }
        } else {
            lines += try outline(tree)
        }
        if let object = tree.object { lines += attributes(of: object) }
        lines += try images(of: tree)
        if tree.file.userBlockByteCount > 0 {
            lines.append(
                "user block: \(NumberText.bytes(tree.file.userBlockByteCount)) of another program"
                    + " before the HDF5 contents, not read")
        }
        let space = tree.file.space
        lines.append(
            "space: \(NumberText.bytes(space.payload)) payload, "
                + "\(NumberText.bytes(space.metadata)) metadata, "
                + "\(NumberText.bytes(space.unaccounted)) neither (free or alignment)")
        return lines.joined(separator: "\n")
    }

    private func outline(_ tree: TreeInspection) throws -> [String] {
        let shown = Array(tree.lines.dropFirst())
        let measures = try request.measures(tree.tensors)
        let labels = shown.map { line in
            let name = line.path.split(separator: "/").last.map(String.init) ?? "/"
            return String(repeating: "  ", count: line.depth) + printable(name)
        }
        let width = labels.map(\.count).max() ?? 0
        var lines: [String] = []
        var measured = 0
        for (line, label) in zip(shown, labels) {
            var text = label + String(repeating: " ", count: width - label.count + 2)
            text += summary(line.content, of: tree)
            if case .dataset = line.content {
                let found = measures[measured]
                measured += 1
                if let statistics = found.statistics { text += "  " + statistics.summary }
                if let digest = found.digest { text += "  " + digest.short }
            }
            lines.append(text)
        }
        return lines
    }

    private func summary(
        _ content: TreeInspection.Content, of tree: TreeInspection
    ) -> String {
        switch content {
        case .group(let members): return "group of \(members)"
        case .other(let text): return printable(text)
        case .alias(let path): return "= \(printable(path))"
        case .dataset(let dataset):
            let entry = tree.tensor(dataset).entry
            let text = "\(entry.typeName) \(entry.shape)  \(NumberText.bytes(entry.byteCount))"
            return entry.storedByteCount == entry.byteCount
                ? text : text + ", \(NumberText.bytes(entry.storedByteCount)) stored"
        }
    }

    /// One dataset: type, storage, attributes, and what its values look like.
    private func details(_ dataset: HDF5Dataset, in tree: TreeInspection) throws -> String {
        let tensor = tree.tensor(dataset)
        let measures = try request.measures([tensor])[0]
        let entry = tensor.entry
        var lines = [
            "\(tree.path): \(printable(dataset.path))",
            "type      \(entry.typeName) (\(dataset.datatype))",
            "shape     \(dataset.shape)",
            "bytes     \(NumberText.count(entry.byteCount)), "
                + "\(NumberText.count(entry.storedByteCount)) stored",
            "layout    \(dataset.layout)"
                + (dataset.filters.isEmpty
                    ? "" : ", " + dataset.filters.map(\.description).joined(separator: ", ")),
        ]
        lines += Self.digestLines(entry, measures)
        lines += attributes(of: .dataset(dataset))
        lines += Self.statisticsLines(measures)
        lines += try values(of: dataset, entry)
        return lines.joined(separator: "\n")
    }

    private func attributes(of object: HDF5Object) -> [String] {
        let attributes: [HDF5Attribute] =
            switch object {
            case .group(let group): group.attributes
            case .dataset(let dataset): dataset.attributes
            case .datatype(let type): type.attributes
            case .link, .unread: []
            }
        return attributes.map { "@\(printable($0.name)) = \(Self.text($0))" }
    }

    private static func text(_ attribute: HDF5Attribute) -> String {
        if let texts = try? attribute.strings() {
            return clipped(texts.map { "\"\(printable($0))\"" }.joined(separator: ", "))
        }
        if let tensor = try? attribute.tensor(), let values = try? TensorCorner(tensor).text {
            return values
        }
        return "\(attribute.datatype) \(attribute.shape)"
    }

    private func values(of dataset: HDF5Dataset, _ entry: WeightEntry) throws -> [String] {
        if let texts = try? dataset.strings() {
            if texts.count == 1 { return [Self.pretty(.string(texts[0]))] }
            return texts.prefix(20).map { "\"\(printable($0))\"" }
                + (texts.count > 20 ? ["... \(texts.count - 20) more"] : [])
        }
        guard let elementType = entry.elementType else {
            return ["values of type \(dataset.datatype) are not shown"]
        }
        let rows = TensorRows(elementType, dataset.shape) { range in
            let part = try range.map { try dataset.tensor(rows: $0) } ?? dataset.tensor()
            return try part.reinterpreted(as: elementType)
        }
        return try Self.values(rows, role: nil)
    }

    /// The first images of a set or a dataset of a store.
    private func images(of tree: TreeInspection) throws -> [String] {
        guard tree.store != nil, case .group(let group)? = tree.object else { return [] }
        for name in ["images", "adversarial"] {
            guard case .dataset(let dataset)? = group[name],
                let elementType = dataset.elementType
            else { continue }
            let rows = TensorRows(elementType, dataset.shape) { range in
                try range.map { try dataset.tensor(rows: $0) } ?? dataset.tensor()
            }
            if let picture = try TensorPicture(rows, role: nil) { return [picture.text] }
        }
        return []
    }
}
