// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A node of a graph in the form of a store's `architecture`, with its inputs spelled out.
struct GraphLayer {
    let name: String
    let operation: String
    let inputs: [String]
    private let attributes: [String: JSON]
    private let path: String

    /// - Throws: ``InterchangeError`` when `graph` is not of that form.
    static func layers(of graph: JSON, path: String) throws(InterchangeError) -> [GraphLayer] {
        var layers: [GraphLayer] = []
        for node in graph["nodes"]?.arrayValue ?? [] {
            guard let name = node["name"]?.stringValue, let operation = node["op"]?.stringValue
            else {
                throw InterchangeError(.mismatch, path, "a node of the graph has no name or op")
            }
            let stated = (node["inputs"]?.arrayValue ?? []).compactMap(\.stringValue)
            layers.append(
                GraphLayer(
                    name: name, operation: operation,
                    inputs: stated.isEmpty ? layers.last.map { [$0.name] } ?? [] : stated,
                    attributes: node["attributes"]?.objectValue ?? [:], path: path))
        }
        return layers
    }

    func failure(_ problem: String) -> InterchangeError {
        InterchangeError(.mismatch, path, "node '\(name)' (\(operation)): \(problem)")
    }

    // MARK: Attributes, with the graph's own defaults

    func integer(_ key: String, or value: Int? = nil) throws(InterchangeError) -> Int {
        guard let number = attributes[key]?.integerValue ?? value else {
            throw failure("'\(key)' is not an integer")
        }
        return number
    }

    func flag(_ key: String, or value: Bool) throws(InterchangeError) -> Bool {
        guard let json = attributes[key] else { return value }
        guard let flag = json.boolValue else { throw failure("'\(key)' is not true or false") }
        return flag
    }

    func float(_ key: String, or value: Float) throws(InterchangeError) -> Float {
        guard let json = attributes[key] else { return value }
        guard let number = json.doubleValue else { throw failure("'\(key)' is not a number") }
        return Float(number)
    }

    /// A number or a list of numbers.
    func floats(_ key: String) throws(InterchangeError) -> [Float] {
        if let number = attributes[key]?.doubleValue { return [Float(number)] }
        let numbers = (attributes[key]?.arrayValue ?? []).compactMap(\.doubleValue)
        guard !numbers.isEmpty else { throw failure("'\(key)' is not a list of numbers") }
        return numbers.map { Float($0) }
    }

    func integers(_ key: String) throws(InterchangeError) -> [Int] {
        let numbers = (attributes[key]?.arrayValue ?? []).compactMap(\.integerValue)
        guard !numbers.isEmpty else { throw failure("'\(key)' is not a list of integers") }
        return numbers
    }

    /// An integer for both sides, or height and width.
    func pair(_ key: String, or value: [Int]? = nil) throws(InterchangeError) -> [Int] {
        if attributes[key] == nil, let value { return value }
        if let side = attributes[key]?.integerValue { return [side, side] }
        let sides = try integers(key)
        guard sides.count == 2 else { throw failure("'\(key)' is not [height, width]") }
        return sides
    }

    /// Kernel, stride and padding as attributes of `Conv` and its kind.
    func window(defaultStride: [Int]?) throws(InterchangeError) -> [ONNXAttributeMessage] {
        let kernel = try pair("kernel")
        var padding = [0, 0, 0, 0]
        if let side = attributes["padding"]?.integerValue {
            padding = [side, side, side, side]
        } else if attributes["padding"] != nil {
            padding = try integers("padding")
            if padding.count == 2 { padding += padding }
        }
        guard padding.count == 4 else { throw failure("'padding' has not 1, 2 or 4 numbers") }
        return [
            .integers("kernel_shape", kernel), .integers("pads", padding),
            .integers("strides", try pair("stride", or: defaultStride ?? kernel)),
        ]
    }
}
