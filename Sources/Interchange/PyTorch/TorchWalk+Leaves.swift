// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Plain values: what becomes metadata.
extension TorchWalk {
    private static let longestText = 1 << 14

    func isScalar(_ value: PickleValue) -> Bool {
        switch graph[value] {
        case .none, .bool, .integer, .bigInteger, .float, .string, .bytes: true
        default: false
        }
    }

    /// Nil for what is no plain value.
    func leaf(_ value: PickleValue) -> JSON? {
        switch graph[value] {
        case .none: .null
        case .bool(let flag): .bool(flag)
        case .integer(let integer): .integer(integer)
        case .float(let number): .number(number)
        case .string(let slice): .string(graph.text(slice, limit: Self.longestText))
        case .bigInteger, .bytes, .global: .string(graph.summary(value))
        case .persistent, .tuple, .list, .dictionary, .set: nil
        case .record: recordLeaf(value)
        }
    }

    /// Records that stand for one value: `torch.Size`, `torch.device`, dates, NumPy's numbers.
    private func recordLeaf(_ value: PickleValue) -> JSON? {
        guard let record = graph.record(value), let global = graph.global(record.callable)
        else { return nil }
        if let number = NumPyArray.scalar(record, in: graph) { return number }
        let name = global.name
        if name == .init(module: "torch", name: "Size") {
            return objects.integers(value).map { .array($0.map { .integer($0) }) }
        }
        let isValue =
            ["datetime", "decimal", "fractions", "pathlib", "pathlib._local"].contains(name.module)
            || ["device", "dtype", "_get_layout"].contains(name.name)
        return isValue && global.trust == .plain ? .string(graph.summary(value)) : nil
    }

    mutating func list(_ leaf: JSON) {
        let key = name.isEmpty ? "value" : String(decoding: name.prefix(4096), as: UTF8.self)
        guard metadataLeft > 0, found.metadata[key] == nil else {
            unlisted += 1
            return
        }
        metadataLeft -= 1
        found.metadata[key] = leaf
    }

    mutating func tooLong(_ count: Int) {
        guard found.remarks.count < 16 else {
            unlisted += count
            return
        }
        let text = PickleText.escaped(String(decoding: name.prefix(1024), as: UTF8.self))
        let place = name.isEmpty ? "the file" : "'" + text + "'"
        found.remarks.append("\(place) holds \(count) values that are not listed")
    }
}
