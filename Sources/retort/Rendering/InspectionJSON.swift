// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import HDF5
import Interchange
import Tensors

/// An inspection under `--json`. Keys are added over time, never renamed or removed.
struct InspectionJSON {
    let inspection: Inspection
    let request: MeasureRequest

    func json() throws -> JSON {
        let tensors = inspection.tensors
        let measures = try request.measures(tensors)
        var json: JSON =
            switch inspection {
            case .tree(let tree): Self.json(tree)
            case .weights(let weights): Self.json(weights)
            }
        json["tensors"] = .array(zip(tensors, measures).map(Self.json))
        json["parameters"] = .integer(
            tensors.reduce(0) {
                $1.entry.sharedWith == nil ? $0 &+ $1.entry.shape.elementCount : $0
            })
        if case .weights(let weights) = inspection, case .tensor(let entry) = weights.selection {
            json["values"] = Self.values(of: entry)
        }
        return json
    }

    private static func json(_ tree: TreeInspection) -> JSON {
        let space = tree.file.space
        var json: JSON = [
            "format": .string(tree.format.rawValue), "file": .string(tree.path),
            "bytes": .integer(tree.fileByteCount),
            "space": [
                "payload": .integer(space.payload), "metadata": .integer(space.metadata),
                "unaccounted": .integer(space.unaccounted),
            ],
        ]
        if let store = tree.store {
            json["objects"] = .array(store.entries.map(Self.json))
        }
        return json
    }

    private static func json(_ weights: WeightInspection) -> JSON {
        let file = weights.file
        var json: JSON = [
            "format": .string(file.format.rawValue), "file": .string(file.path),
            "bytes": .integer(file.byteCount), "metadata": .object(file.metadata),
            "remarks": .array(file.remarks.map { .string($0) }),
            "notes": .array((file.model?.notes ?? []).map { .string($0) }),
            "runnable": .bool(file.model?.graph != nil), "space": Self.json(FileSpace(file)),
        ]
        if case .value(_, let value) = weights.selection { json["value"] = value }
        return json
    }

    private static func json(_ space: FileSpace) -> JSON {
        [
            "payload": .integer(space.payload),
            "metadata": space.metadata.map { .integer($0) } ?? .null,
            "unaccounted": .integer(space.unaccounted), "elements": .integer(space.elements),
        ]
    }

    private static func json(_ tensor: InspectedTensor, _ measures: TensorMeasures) -> JSON {
        let entry = tensor.entry
        var json: JSON = [
            "name": .string(tensor.name),
            "shape": .array(entry.shape.dimensions.map { .integer($0) }),
            "dtype": .string(entry.typeName), "bytes": .integer(entry.byteCount),
            "stored_bytes": .integer(entry.storedByteCount),
        ]
        if let storage = tensor.storage { json["layout"] = .string(storage) }
        if !tensor.filters.isEmpty {
            json["filters"] = .array(tensor.filters.map { .string($0) })
        }
        if let role = entry.role { json["role"] = Self.json(role) }
        if let shared = entry.sharedWith { json["shared_with"] = .string(shared) }
        if let source = entry.sourceName { json["source_name"] = .string(source) }
        if let digest = measures.digest ?? entry.digest {
            json["digest"] = .string(digest.hexadecimal)
        }
        if let stated = entry.digest, let found = measures.digest, stated != found {
            json["stated_digest"] = .string(stated.hexadecimal)
        }
        if let statistics = measures.statistics { json["stats"] = statistics.json }
        if let problem = measures.problem { json["unread"] = .string(problem) }
        return json
    }

    private static func json(_ role: ParameterRole) -> JSON {
        var json: JSON = [
            "layer": .string(role.layer), "kind": .string(role.kind.title),
            "parameter": .string(role.parameter.title), "layout": .string(role.layout.rawValue),
        ]
        if let origin = role.flatten {
            json["flattened_from"] = [
                "height": .integer(origin.height), "width": .integer(origin.width),
                "channels": .integer(origin.channels),
            ]
        }
        return json
    }

    /// All elements of a small tensor, row-major; nil for others and for types that are not read.
    private static func values(of entry: WeightEntry) -> JSON? {
        guard entry.shape.elementCount <= 1000, let tensor = try? entry.tensor() else { return nil }
        if let integers = try? tensor.integers() { return .array(integers.map { .integer($0) }) }
        return .array(tensor.numbers(0..<entry.shape.elementCount).map { .number($0) })
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
}

/// What the bytes of a file of weights are used for.
struct FileSpace {
    /// Elements as the file keeps them, tied tensors once.
    let payload: Int
    /// The same elements when dense.
    let elements: Int
    /// Headers and indexes; nil where the format does not tell.
    let metadata: Int?
    /// Neither: alignment, holes, and structure where ``metadata`` is nil.
    let unaccounted: Int

    init(_ file: WeightFile) {
        let own = file.entries.filter { $0.sharedWith == nil }
        payload = own.reduce(0) { $0 &+ $1.storedByteCount }
        elements = own.reduce(0) { $0 &+ $1.byteCount }
        metadata = file.metadataByteCount
        unaccounted = max(0, file.byteCount &- payload &- (metadata ?? 0))
    }
}
