// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A model's structure: nodes in topological order, checked, with every shape known.
///
/// The first node is the input; the last gives the logits, (classes). Softmax and temperature
/// belong to losses and readers, not to the graph.
public struct Graph: Hashable, Sendable {
    public struct Node: Hashable, Sendable {
        public let name: String
        public let operation: Operation
        /// Names of earlier nodes; given empty, the node before.
        public let inputs: [String]

        public init(_ name: String, _ operation: Operation, inputs: [String] = []) {
            self.name = name
            self.operation = operation
            self.inputs = inputs
        }
    }

    /// Every node, with its inputs spelled out.
    public let nodes: [Node]
    /// Each node's output shape, without the batch axis.
    public let shapes: [Shape]
    /// Each node's inputs as indices into ``nodes``.
    public let inputs: [[Int]]
    /// In the order of the nodes; names are unique.
    public let parameters: [ParameterSpecification]

    /// (C, H, W), or (features).
    public var inputShape: Shape { shapes[0] }
    public var classCount: Int { shapes[shapes.count - 1][0] }

    /// The shape of the output of the node called `name`; nil when there is none.
    public func shape(of name: String) -> Shape? {
        nodes.firstIndex { $0.name == name }.map { shapes[$0] }
    }

    /// Limits that keep a hostile file from asking for absurd memory: elements of one image's
    /// activation, and of all parameters together.
    static let activationLimit = 1 << 28
    static let parameterLimit = 1 << 31
    static let nodeLimit = 4096

    /// Resolves inputs, infers shapes and checks everything.
    ///
    /// - Throws: ``TrainingError`` naming the node, what was found and what was expected.
    public init(nodes given: [Node]) throws(TrainingError) {
        guard let first = given.first, case .input = first.operation else {
            throw TrainingError("a graph begins with an 'input' node")
        }
        guard given.count <= Self.nodeLimit else {
            throw TrainingError("a graph has at most \(Self.nodeLimit) nodes, found \(given.count)")
        }
        var nodes: [Node] = []
        var shapes: [Shape] = []
        var inputs: [[Int]] = []
        var parameters: [ParameterSpecification] = []
        var indices: [String: Int] = [:]
        var parameterElements = 0
        for (index, node) in given.enumerated() {
            let resolved = try Self.inputs(of: node, at: index, indices: indices, nodes: nodes)
            let inputShapes = resolved.map { shapes[$0] }
            let shape = try Self.inNode(node) { () throws(TrainingError) in
                try node.operation.outputShape(of: inputShapes)
            }
            guard shape.elementCount <= Self.activationLimit else {
                throw Self.failure(node, "its output \(shape) is too large for one image")
            }
            let own = node.operation.parameters(node: node.name, input: inputShapes.first ?? [])
            parameterElements += own.reduce(0) { $0 + $1.shape.elementCount }
            guard parameterElements <= Self.parameterLimit else {
                throw Self.failure(
                    node, "the graph has more than \(Self.parameterLimit) parameters")
            }
            indices[node.name] = index
            nodes.append(Node(node.name, node.operation, inputs: resolved.map { nodes[$0].name }))
            shapes.append(shape)
            inputs.append(resolved)
            parameters += own
        }
        self.nodes = nodes
        self.shapes = shapes
        self.inputs = inputs
        self.parameters = parameters
        try checkEnds()
    }

    private static func inputs(
        of node: Node, at index: Int, indices: [String: Int], nodes: [Node]
    ) throws(TrainingError) -> [Int] {
        guard isName(node.name) else {
            throw TrainingError(
                "node \(index): '\(node.name)' is not a name; letters, digits, '.', '_' and '-' are"
            )
        }
        guard indices[node.name] == nil else {
            throw failure(node, "the name stands twice")
        }
        var resolved: [Int] = []
        for name in node.inputs {
            guard let input = indices[name] else {
                throw failure(node, "its input '\(name)' is not a node before it")
            }
            resolved.append(input)
        }
        let counts = node.operation.inputCounts
        if resolved.isEmpty, counts == 1...1 { resolved = [index - 1] }
        guard counts.contains(resolved.count) else {
            let expected = counts.count == 1 ? "\(counts.lowerBound)" : "2 or more"
            throw failure(node, "takes \(expected) inputs, found \(resolved.count)")
        }
        if index > 0, case .input = node.operation {
            throw failure(node, "only the first node is an input")
        }
        return resolved
    }

    /// Names become HDF5 group names and safetensors keys.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 200 && name != "." && name != ".."
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private func checkEnds() throws(TrainingError) {
        let last = nodes.count - 1
        guard last > 0 else { throw TrainingError("a graph needs a node after its input") }
        guard shapes[last].rank == 1 else {
            throw Self.failure(
                nodes[last], "the last node gives the logits, (classes), found \(shapes[last])")
        }
        let used = Set(inputs.joined())
        if let unused = (0..<last).first(where: { !used.contains($0) }) {
            throw Self.failure(nodes[unused], "nothing uses its output")
        }
    }

    static func failure(_ node: Node, _ reason: String) -> TrainingError {
        TrainingError("node '\(node.name)' (\(node.operation.name)): \(reason)")
    }

    private static func inNode<Value>(
        _ node: Node, _ body: () throws(TrainingError) -> Value
    ) throws(TrainingError) -> Value {
        do {
            return try body()
        } catch {
            throw failure(node, error.description)
        }
    }
}
