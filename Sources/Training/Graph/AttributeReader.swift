// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Reads a node's attributes and refuses those that nobody asked for, so that a misspelt or newer
/// attribute never passes unseen.
struct AttributeReader {
    private let attributes: [String: JSON]
    private var known: [String] = []

    init(_ attributes: [String: JSON]) {
        self.attributes = attributes
    }

    mutating func integer(_ name: String, default value: Int? = nil) throws(TrainingError) -> Int {
        guard let json = try find(name, required: value == nil) else { return value ?? 0 }
        guard let integer = json.integerValue else {
            throw mismatch(name, json, expected: "an integer")
        }
        return integer
    }

    mutating func flag(_ name: String, default value: Bool) throws(TrainingError) -> Bool {
        guard let json = try find(name, required: false) else { return value }
        guard let flag = json.boolValue else {
            throw mismatch(name, json, expected: "true or false")
        }
        return flag
    }

    mutating func number(_ name: String, default value: Float) throws(TrainingError) -> Float {
        guard let json = try find(name, required: false) else { return value }
        guard let number = json.doubleValue else {
            throw mismatch(name, json, expected: "a number")
        }
        return Float(number)
    }

    /// A number or a list of numbers.
    mutating func numbers(_ name: String) throws(TrainingError) -> [Float] {
        guard let json = try find(name, required: true) else { return [] }
        if let number = json.doubleValue { return [Float(number)] }
        let numbers = (json.arrayValue ?? []).compactMap(\.doubleValue)
        guard !numbers.isEmpty, numbers.count == json.arrayValue?.count else {
            throw mismatch(name, json, expected: "a number or a list of numbers")
        }
        return numbers.map { Float($0) }
    }

    /// A list of integers.
    mutating func shape(_ name: String) throws(TrainingError) -> Shape {
        guard let json = try find(name, required: true) else { return [] }
        let dimensions = (json.arrayValue ?? []).compactMap(\.integerValue)
        guard !dimensions.isEmpty, dimensions.count == json.arrayValue?.count else {
            throw mismatch(name, json, expected: "a list of integers")
        }
        do {
            return try Shape(dimensions)
        } catch {
            throw TrainingError(error.description)
        }
    }

    /// An integer, or two: height and width.
    mutating func extent(
        _ name: String, default value: Extent? = nil
    ) throws(TrainingError) -> Extent {
        guard let json = try find(name, required: value == nil) else { return value ?? Extent(0) }
        if let side = json.integerValue { return Extent(side) }
        let sides = (json.arrayValue ?? []).compactMap(\.integerValue)
        guard sides.count == 2, json.arrayValue?.count == 2 else {
            throw mismatch(name, json, expected: "an integer or [height, width]")
        }
        return Extent(sides[0], sides[1])
    }

    /// An integer for all sides, two (height and width), or four (top, left, bottom, right); 0
    /// when it is missing.
    mutating func padding(_ name: String) throws(TrainingError) -> Padding {
        guard let json = try find(name, required: false) else { return .none }
        if let side = json.integerValue { return Padding(Extent(side)) }
        let sides = (json.arrayValue ?? []).compactMap(\.integerValue)
        switch (sides.count, json.arrayValue?.count) {
        case (2, 2): return Padding(Extent(sides[0], sides[1]))
        case (4, 4):
            return Padding(before: Extent(sides[0], sides[1]), after: Extent(sides[2], sides[3]))
        default:
            throw mismatch(
                name, json,
                expected: "an integer, [height, width] or [top, left, bottom, right]")
        }
    }

    /// Call after the last read.
    ///
    /// - Throws: ``TrainingError`` naming the first attribute that was not read.
    func finish() throws(TrainingError) {
        guard let unknown = attributes.keys.sorted().first(where: { !known.contains($0) }) else {
            return
        }
        let expected = known.isEmpty ? "none" : known.joined(separator: ", ")
        throw TrainingError("unknown attribute '\(unknown)'; it has \(expected)")
    }

    private mutating func find(_ name: String, required: Bool) throws(TrainingError) -> JSON? {
        known.append(name)
        guard let value = attributes[name] else {
            if required { throw TrainingError("the attribute '\(name)' is missing") }
            return nil
        }
        return value
    }

    private func mismatch(_ name: String, _ found: JSON, expected: String) -> TrainingError {
        TrainingError("'\(name)' must be \(expected), found \(found)")
    }
}
