// SPDX-License-Identifier: Apache-2.0

import HDF5
import Tensors

extension HDF5Group {
    /// The group's attributes as JSON, but for those in `excluded`: texts as strings, numbers as
    /// numbers, lists as lists.
    func metadata(excluding excluded: Set<String> = []) -> [String: JSON] {
        var values: [String: JSON] = [:]
        for attribute in attributes where !excluded.contains(attribute.name) {
            values[attribute.name] = attribute.json
        }
        return values
    }
}

extension HDF5Attribute {
    /// Attributes with more elements than this are data, which an overview does not repeat.
    private static let mostElements = 4_096

    /// The value where it is text or numbers; nil for what JSON cannot hold.
    var json: JSON? {
        guard shape.elementCount <= Self.mostElements else { return nil }
        if let texts = try? strings(), shape.elementCount > 0 {
            return Self.list(texts.map { .string($0) }, shape)
        }
        if let integers = try? integers() {
            let isBoolean = datatype.elementType == .bool
            return Self.list(
                integers.map { isBoolean ? .bool($0 != 0) : .integer($0) }, shape)
        }
        guard let numbers = try? floats(), numbers.allSatisfy(\.isFinite) else { return nil }
        return Self.list(numbers.map { .number($0) }, shape)
    }

    private static func list(_ elements: [JSON], _ shape: Shape) -> JSON {
        shape.rank == 0 && elements.count == 1 ? elements[0] : .array(elements)
    }
}
