// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Nodes of a graph in the form of a store's `architecture`, written as `Training/Graph` writes
/// them: every attribute, inputs only where they are not the node before.
struct GraphBuilder {
    struct Node {
        let name: String
        let operation: String
        let inputs: [Int]
        var attributes: [String: JSON]
    }

    private(set) var nodes: [Node] = []
    private var taken: Set<String> = []
    /// How often each name has been asked for.
    private var counts: [String: Int] = [:]

    /// `Training/Graph` takes no more.
    static let nodeLimit = 4096
    static let activationLimit = 1 << 28
    static let nameLimit = 180

    /// Appends a node under a name like `wish` that no other has; gives its index.
    mutating func add(
        _ wish: String, _ operation: String, inputs: [Int] = [], _ attributes: [String: JSON] = [:]
    ) -> Int {
        nodes.append(
            Node(
                name: unique(Self.legal(wish, else: operation)), operation: operation,
                inputs: inputs, attributes: attributes))
        return nodes.count - 1
    }

    mutating func set(_ attribute: String, _ value: JSON, of node: Int) {
        nodes[node].attributes[attribute] = value
    }

    private mutating func unique(_ name: String) -> String {
        var candidate = name
        // Counting on from the last number keeps many equal names linear.
        while !taken.insert(candidate).inserted {
            counts[name, default: 1] += 1
            candidate = "\(name)_\(counts[name, default: 1])"
        }
        return candidate
    }

    /// `text` in the letters that names of nodes have.
    private static func legal(_ text: String, else fallback: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8.prefix(nameLimit) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                bytes.append(byte)
            case UInt8(ascii: "/"): bytes.append(UInt8(ascii: "."))
            default: bytes.append(UInt8(ascii: "_"))
            }
        }
        let isDots = bytes.allSatisfy { $0 == UInt8(ascii: ".") }
        return isDots ? fallback : String(decoding: bytes, as: UTF8.self)
    }

    var json: JSON {
        let list = nodes.enumerated().map { index, node -> JSON in
            var members: [String: JSON] = [
                "name": .string(node.name), "op": .string(node.operation),
            ]
            if index > 0, node.inputs != [index - 1] {
                members["inputs"] = .array(node.inputs.map { .string(nodes[$0].name) })
            }
            if !node.attributes.isEmpty { members["attributes"] = .object(node.attributes) }
            return .object(members)
        }
        return ["nodes": .array(list)]
    }
}
