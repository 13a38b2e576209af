// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HDF5
import Tensors
import Reporting

/// An inspection as text and as JSON.
struct InspectionRendering {
    let inspection: Inspection
    let withStatistics: Bool

    /// `{format, file, bytes, tensors: [{name, shape, dtype, bytes, digest?, stats?}], space}`.
    func json() throws -> JSON {
        let tensors = try inspection.lines.compactMap { line -> JSON? in
            guard case .dataset(let dataset) = line.content else { return nil }
            return try json(dataset)
        }
        var result: JSON = [
            "format": .string(inspection.format), "file": .string(inspection.path),
            "bytes": .integer(inspection.fileByteCount), "tensors": .array(tensors),
        ]
        let space = inspection.file.space
        result["space"] = [
            "payload": .integer(space.payload), "metadata": .integer(space.metadata),
            "unaccounted": .integer(space.unaccounted),
        ]
        if let store = inspection.store {
            result["objects"] = .array(store.entries.map(Self.json))
        }
        return result
    }

    private func json(_ dataset: HDF5Dataset) throws -> JSON {
        var json: JSON = [
            "name": .string(String(dataset.path.drop { $0 == "/" })),
            "shape": .array(dataset.shape.dimensions.map { .integer($0) }),
            "dtype": .string(dataset.elementName), "bytes": .integer(dataset.logicalByteCount),
            "stored_bytes": .integer(dataset.storedByteCount),
            "layout": .string(dataset.layout.description),
        ]
        if !dataset.filters.isEmpty {
            json["filters"] = .array(dataset.filters.map { .string($0.description) })
        }
        if let digest = inspection.digests[dataset.path] {
            json["digest"] = .string(digest.hexadecimal)
        }
        if withStatistics, dataset.elementType != nil,
            let statistics = TensorStatistics(try dataset.tensor())
        {
            json["stats"] = statistics.json
        }
        return json
    }

    static func json(_ entry: StoreEntry) -> JSON {
        [
            "kind": .string(entry.kind.rawValue), "name": .string(entry.name.description),
            "digest": .string(entry.digest.hexadecimal), "created": .string(entry.created),
            "references": .array(
                entry.references.map {
                    [
                        "relation": .string($0.relation.rawValue),
                        "digest": .string($0.digest.hexadecimal),
                        "name": $0.name.map { .string($0) } ?? .null,
                    ]
                }),
        ]
    }

    func text() throws -> String {
        if case .dataset(let dataset)? = inspection.object { return try details(dataset) }
        var lines = [heading]
        if inspection.object == nil, let store = inspection.store {
            lines.append(try StoreListing(store).text())
        } else {
            lines += try tree()
        }
        if let object = inspection.object { lines += attributes(of: object) }
        lines.append(spaceLine)
        return lines.joined(separator: "\n")
    }

    private var heading: String {
        let kind = inspection.store == nil ? "HDF5 file" : "Retort store, format 1"
        return "\(inspection.path): \(kind), \(NumberText.bytes(inspection.fileByteCount))"
    }

    private var spaceLine: String {
        let space = inspection.file.space
        return
            "space: \(NumberText.bytes(space.payload)) payload, \(NumberText.bytes(space.metadata)) metadata, "
            + "\(NumberText.bytes(space.unaccounted)) neither (free or alignment)"
    }

    private func tree() throws -> [String] {
        let shown = inspection.lines.dropFirst()
        let width = shown.map { label($0).count }.max() ?? 0
        return try shown.map { line in
            let label = label(line)
            let padding = String(repeating: " ", count: width - label.count + 2)
            return label + padding + (try summary(line.content))
        }
    }

    private func label(_ line: Inspection.Line) -> String {
        let name = line.path.split(separator: "/").last.map(String.init) ?? "/"
        return String(repeating: "  ", count: line.depth) + printable(name)
    }

    private func summary(_ content: Inspection.Content) throws -> String {
        switch content {
        case .group(let members): return "group of \(members)"
        case .other(let text): return printable(text)
        case .alias(let path): return "= \(printable(path))"
        case .dataset(let dataset):
            var text =
                "\(dataset.elementName) \(dataset.shape)  \(NumberText.bytes(dataset.logicalByteCount))"
            if dataset.storedByteCount != dataset.logicalByteCount {
                text += ", \(NumberText.bytes(dataset.storedByteCount)) stored"
            }
            if withStatistics, dataset.elementType != nil,
                let statistics = TensorStatistics(try dataset.tensor())
            {
                text += "  " + statistics.description
            }
            return text
        }
    }
}
