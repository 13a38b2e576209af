// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension Graph {
    /// The canonical form `{"nodes": [{name, op, inputs, attributes}]}`: every attribute written,
    /// `inputs` left out where it is the node before. Equal graphs have equal text, which is what
    /// a checkpoint's digest covers.
    public var json: JSON {
        let list = nodes.indices.map { index -> JSON in
            let node = nodes[index]
            var members: [String: JSON] = [
                "name": .string(node.name), "op": .string(node.operation.name),
            ]
            if index > 0, inputs[index] != [index - 1] {
                members["inputs"] = .array(node.inputs.map { .string($0) })
            }
            let attributes = node.operation.attributes
            if !attributes.isEmpty { members["attributes"] = .object(attributes) }
            return .object(members)
        }
        return ["nodes": .array(list)]
    }

    /// Reads the form ``json`` writes; attributes with defaults may be left out.
    ///
    /// - Throws: ``TrainingError`` naming the node and what is wrong with it.
    public init(json: JSON) throws(TrainingError) {
        guard let list = json["nodes"]?.arrayValue, json.objectValue?.count == 1 else {
            throw TrainingError("a graph is an object with one member, the list 'nodes'")
        }
        var nodes: [Node] = []
        for (index, element) in list.enumerated() {
            nodes.append(try Self.node(element, at: index))
        }
        try self.init(nodes: nodes)
    }

    /// Reads JSON text.
    ///
    /// - Throws: ``TrainingError`` for malformed JSON or a graph that does not hold together.
    public init(parsing text: String) throws(TrainingError) {
        let json: JSON
        do {
            json = try JSON(parsing: text)
        } catch {
            throw TrainingError("the graph is not JSON: \(error)")
        }
        try self.init(json: json)
    }

    private static func node(_ json: JSON, at index: Int) throws(TrainingError) -> Node {
        guard let members = json.objectValue, let name = members["name"]?.stringValue else {
            throw TrainingError("node \(index): expected an object with a 'name'")
        }
        let allowed = ["name", "op", "inputs", "attributes"]
        if let unknown = members.keys.sorted().first(where: { !allowed.contains($0) }) {
            throw TrainingError("node '\(name)': unknown member '\(unknown)'")
        }
        guard let operation = members["op"]?.stringValue else {
            throw TrainingError("node '\(name)': 'op' is missing")
        }
        guard let attributes = (members["attributes"] ?? [:]).objectValue else {
            throw TrainingError("node '\(name)': 'attributes' must be an object")
        }
        let list = (members["inputs"] ?? []).arrayValue
        let inputs = list?.compactMap(\.stringValue)
        guard let inputs, inputs.count == list?.count else {
            throw TrainingError("node '\(name)': 'inputs' must be a list of node names")
        }
        do {
            return Node(
                name, try Operation(name: operation, attributes: attributes), inputs: inputs)
        } catch {
            throw TrainingError("node '\(name)' (\(operation)): \(error)")
        }
    }
}
