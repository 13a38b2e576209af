// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a file written by Retort says of one of its tensors, in its metadata.
public struct CarriedTensor: Hashable, Sendable {
    /// The name that the writer was given; some formats have to name tensors their own way.
    public var name: String
    /// Of the elements as they lie in this file.
    public var digest: Digest?
    /// The name in the file it was converted from, where no rule gives it back.
    public var original: String?
    /// Layer and parameter in Keras's words, for formats that name by those.
    public var role: String?

    public init(
        name: String, digest: Digest? = nil, original: String? = nil, role: ParameterRole? = nil
    ) {
        self.name = name
        self.digest = digest
        self.original = original
        self.role = role?.path
    }

    /// `[name, digest, original, role]`; what comes last and is empty is left out.
    fileprivate var json: JSON {
        var values = [name, digest?.hexadecimal ?? "", original ?? "", role ?? ""]
        while values.count > 1, values.last == "" { values.removeLast() }
        return .array(values.map { .string($0) })
    }

    fileprivate init?(json: JSON) {
        let values = (json.arrayValue ?? []).compactMap(\.stringValue)
        guard (1...4).contains(values.count), values.count == json.arrayValue?.count else {
            return nil
        }
        func value(_ index: Int) -> String? {
            values.indices.contains(index) && !values[index].isEmpty ? values[index] : nil
        }
        name = values[0]
        digest = value(1).flatMap { try? Digest(hexadecimal: $0) }
        original = value(2)
        role = value(3)
    }
}

extension ParameterRole {
    /// `conv1/kernel`.
    fileprivate var path: String { layer + "/" + kerasName }
}

/// The list of all tensors of a file, under one key of its metadata.
public enum CarriedTensors {
    static let key = "retort_tensors"

    static func json(_ tensors: [CarriedTensor]) -> JSON { .array(tensors.map(\.json)) }

    /// Nil when it is something else.
    static func parse(_ json: JSON?) -> [CarriedTensor]? {
        var list = json
        if let text = json?.stringValue { list = try? JSON(parsing: text) }
        guard let elements = list?.arrayValue else { return nil }
        let tensors = elements.compactMap(CarriedTensor.init(json:))
        return tensors.count == elements.count ? tensors : nil
    }

    /// The position among `entries` of each tensor; nil where it is not there.
    ///
    /// Tensors are found by name, by the name that the file keeps for the way back, by what they
    /// are, and otherwise, where all are there, by their place among those that are left.
    public static func positions(
        of tensors: [CarriedTensor], in entries: [WeightEntry]
    ) -> [Int?] {
        // By bytes: two spellings of one letter are two names in a file.
        var byName: [[UInt8]: Int] = [:]
        var bySource: [[UInt8]: Int] = [:]
        var byRole: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            byName[Array(entry.name.utf8)] = index
            if let name = entry.sourceName { bySource[Array(name.utf8)] = index }
            if let role = entry.role { byRole[role.path] = index }
        }
        var positions = [Int?](repeating: nil, count: tensors.count)
        var isFree = [Bool](repeating: true, count: entries.count)
        func assign(_ find: (CarriedTensor) -> Int?) {
            for index in tensors.indices where positions[index] == nil {
                guard let found = find(tensors[index]), isFree[found] else { continue }
                isFree[found] = false
                positions[index] = found
            }
        }
        assign { byName[Array($0.name.utf8)] }
        assign { bySource[Array($0.name.utf8)] }
        assign { $0.role.flatMap { byRole[$0] } }
        if tensors.count == entries.count {
            var rest = isFree.indices.filter { isFree[$0] }.makeIterator()
            assign { _ in rest.next() }
        }
        return positions
    }
}

extension WeightFile {
    /// Takes from the metadata what Retort wrote there about each tensor: its digest, so that a
    /// changed bit shows, and the name it had.
    mutating func takeCarriedTensors() {
        guard let tensors = CarriedTensors.parse(metadata[CarriedTensors.key]) else { return }
        metadata[CarriedTensors.key] = nil
        let positions = CarriedTensors.positions(of: tensors, in: entries)
        for (tensor, position) in zip(tensors, positions) {
            guard let position else { continue }
            if entries[position].digest == nil { entries[position].digest = tensor.digest }
            if let original = tensor.original { entries[position].sourceName = original }
        }
    }
}
