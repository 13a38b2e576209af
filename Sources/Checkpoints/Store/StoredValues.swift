// SPDX-License-Identifier: Apache-2.0

internal import HDF5
internal import Tensors

/// Reads the attributes and members of one group, with errors that name the group.
struct StoredValues {
    let group: HDF5Group
    let file: String

    func malformed(_ problem: String) -> StoreError {
        StoreError(.malformed, file: file, object: group.path, problem)
    }

    func hasAttribute(_ name: String) -> Bool { group.attribute(name) != nil }

    /// - Throws: ``StoreError`` when the attribute is there and is not what was asked for.
    private func read<Value>(
        _ name: String, as expected: String,
        _ value: (HDF5Attribute) throws(HDF5Error) -> Value
    ) throws(StoreError) -> Value? {
        guard let attribute = group.attribute(name) else { return nil }
        do throws(HDF5Error) {
            return try value(attribute)
        } catch {
            throw malformed("attribute '\(name)' is \(attribute.datatype), expected \(expected)")
        }
    }

    func optionalString(_ name: String) throws(StoreError) -> String? {
        try read(name, as: "a string") { (attribute) throws(HDF5Error) in
            try attribute.string()
        }
    }

    func string(_ name: String) throws(StoreError) -> String {
        guard let value = try optionalString(name) else {
            throw malformed("attribute '\(name)' is missing")
        }
        return value
    }

    func strings(_ name: String) throws(StoreError) -> [String] {
        try read(name, as: "a list of strings") { (attribute) throws(HDF5Error) in
            try attribute.strings()
        } ?? []
    }

    func optionalInteger(_ name: String) throws(StoreError) -> Int64? {
        let values = try read(name, as: "an integer") { (attribute) throws(HDF5Error) in
            try attribute.integers()
        }
        guard let values else { return nil }
        guard values.count == 1 else {
            throw malformed("attribute '\(name)' has \(values.count) values, expected one")
        }
        return Int64(values[0])
    }

    func digest(_ name: String) throws(StoreError) -> Digest {
        try parse(try string(name), attribute: name)
    }

    func digests(_ name: String) throws(StoreError) -> [Digest] {
        var digests: [Digest] = []
        for text in try strings(name) { digests.append(try parse(text, attribute: name)) }
        return digests
    }

    private func parse(_ text: String, attribute name: String) throws(StoreError) -> Digest {
        do throws(TensorError) {
            return try Digest(hexadecimal: text)
        } catch {
            throw malformed("attribute '\(name)': \(error)")
        }
    }

    func dataset(_ path: String) throws(StoreError) -> HDF5Dataset {
        var current = group
        var components = path.split(separator: "/").map(String.init)
        let last = components.removeLast()
        for component in components {
            guard case .group(let next)? = current[component] else {
                throw malformed("'\(path)' is missing")
            }
            current = next
        }
        switch current[last] {
        case .dataset(let dataset)?: return dataset
        case nil: throw malformed("'\(path)' is missing")
        default: throw malformed("'\(path)' is not a dataset")
        }
    }

    /// A scalar string dataset.
    func text(_ name: String) throws(StoreError) -> String {
        let dataset = try dataset(name)
        guard dataset.shape.elementCount == 1 else {
            throw malformed("'\(name)' has shape \(dataset.shape), expected one text")
        }
        do throws(HDF5Error) {
            return try dataset.strings().first ?? ""
        } catch {
            throw StoreError(error, file: file)
        }
    }

    func json(_ name: String) throws(StoreError) -> (text: String, value: JSON) {
        let text = try text(name)
        do throws(JSONError) {
            return (text, try JSON(parsing: text))
        } catch {
            throw malformed("'\(name)' is not JSON: \(error)")
        }
    }
}
