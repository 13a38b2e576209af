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

    /// The values of the group of that name.
    func group(_ name: String) throws(StoreError) -> StoredValues {
        switch group[name] {
        case .group(let group)?: return StoredValues(group: group, file: file)
        case let object: throw wrong(object, path: name, expected: "a group")
        }
    }

    func dataset(_ path: String) throws(StoreError) -> HDF5Dataset {
        var current = self
        var components = path.split(separator: "/").map(String.init)
        let last = components.removeLast()
        for component in components {
            guard current.group[component]?.group != nil else {
                throw malformed("'\(path)' is missing")
            }
            current = try current.group(component)
        }
        switch current.group[last] {
        case .dataset(let dataset)?: return dataset
        case let object: throw current.wrong(object, path: path, expected: "a dataset")
        }
    }

    /// Why a member is not what it should be.
    private func wrong(_ object: HDF5Object?, path: String, expected: String) -> StoreError {
        switch object {
        case nil: malformed(group.damage?.reason ?? "'\(path)' is missing")
        case .unread(let object)?: StoreError(object.error, file: file)
        default: malformed("'\(path)' is not \(expected)")
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
