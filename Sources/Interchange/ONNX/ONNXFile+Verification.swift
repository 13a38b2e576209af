// SPDX-License-Identifier: Apache-2.0

import Tensors

extension ONNXFile {
    /// The rules of `onnx.checker` for structure, and of this reader for tensors.
    ///
    /// - Parameter full: also decodes tensors that do not lie as they are used, and booleans.
    static func problems(_ region: ByteRegion, path: String, full: Bool) -> [FileProblem] {
        do throws(InterchangeError) {
            let model = try ONNXModel(region, path: path)
            var check = ONNXCheck(model)
            check.checkTensors(full: full)
            check.checkHeader()
            try check.checkGraph()
            return check.problems
        } catch {
            return [FileProblem(object: "", problem: error.problem)]
        }
    }
}

/// Gathers what breaks a rule of the format.
private struct ONNXCheck {
    let model: ONNXModel
    private(set) var problems: [FileProblem] = []
    /// A file with more problems than this is not understood better by reading on.
    private static let problemLimit = 1000

    init(_ model: ONNXModel) {
        self.model = model
    }

    private mutating func add(_ object: String, _ problem: String) {
        guard problems.count < Self.problemLimit else { return }
        problems.append(FileProblem(object: object, problem: problem))
    }

    // MARK: Tensors

    mutating func checkTensors(full: Bool) {
        var tensors = ONNXTensors(emptyFor: model)
        for tensor in model.graph.initializers {
            do throws(InterchangeError) {
                try tensors.add(tensor, of: model)
                if full, let entry = tensors.initializers.last { try check(elementsOf: entry) }
            } catch {
                add(tensor.name, withoutName(error.problem, tensor.name))
            }
        }
        for tensor in model.graph.sparse {
            do throws(InterchangeError) {
                try tensors.add(sparse: tensor, of: model)
            } catch {
                add(tensor.name, withoutName(error.problem, tensor.name))
            }
        }
        for index in model.graph.constants {
            do throws(InterchangeError) {
                try tensors.addConstant(model.graph.nodes[index], of: model)
            } catch {
                add("node \(index)", error.problem)
            }
        }
    }

    /// Typed values are decoded, which checks that each fits; booleans are looked through.
    private func check(elementsOf entry: WeightEntry) throws(InterchangeError) {
        guard entry.elementType != nil else { return }
        let tensor = try entry.tensor()
        guard tensor.elementType == .bool else { return }
        let largest = tensor.withUnsafeBytes { $0.max() ?? 0 }
        guard largest <= 1 else {
            throw InterchangeError(
                .malformed, model.path, found: "the byte \(largest) among booleans",
                expected: "0 or 1")
        }
    }

    private func withoutName(_ problem: String, _ name: String) -> String {
        let prefix = "tensor '\(name)': "
        return problem.hasPrefix(prefix) ? String(problem.dropFirst(prefix.count)) : problem
    }

    // MARK: The model

    mutating func checkHeader() {
        let version = model.irVersion ?? 0
        if version < 1 {
            add("", "ir_version is \(version), expected 1 or more")
        }
        if version >= 3, model.operatorSets.isEmpty {
            add("", "opset_import is missing, expected the version of ONNX's operators")
        }
        for (domain, number) in model.operatorSets.sorted(by: { $0.key < $1.key })
        where number < 1 {
            add("opset_import", "found version \(number) of '\(domain)', expected 1 or more")
        }
        var keys: Set<String> = []
        for property in model.properties where !keys.insert(property.key).inserted {
            add("metadata_props", "the key '\(property.key)' stands twice")
        }
        if model.graph.name.isEmpty { add("graph", "it has no name") }
    }

    /// Values have one source each, which comes before their use.
    mutating func checkGraph() throws(InterchangeError) {
        let graph = model.graph
        var known: Set<String> = []
        for input in graph.inputs {
            if input.name.isEmpty { add("graph", "an input has no name") }
            if !known.insert(input.name).inserted {
                add(input.name, "two inputs of the graph have this name")
            }
        }
        for tensor in graph.initializers {
            let isNew = known.insert(tensor.name).inserted
            // Before IR version 4 an initialiser was the default of an input.
            if isNew, let version = model.irVersion, version < 4 {
                add(
                    tensor.name, "the initialiser is no input, which IR version \(version) asks for"
                )
            }
        }
        known.formUnion(graph.sparse.map(\.name))
        for (index, range) in graph.nodes.enumerated() {
            let node = try ONNXNode(
                ProtobufReader(
                    model.region.bytes, range, type: "NodeProto", path: model.path))
            check(node, at: index, &known)
        }
        for output in graph.outputs where !known.contains(output.name) {
            add(output.name, "no node gives this output of the graph")
        }
    }

    private mutating func check(_ node: ONNXNode, at index: Int, _ known: inout Set<String>) {
        let object = node.name.isEmpty ? "node \(index)" : node.name
        if node.operation.isEmpty { add(object, "it has no operator") }
        let domain = node.isStandard ? "" : node.domain
        if !model.operatorSets.isEmpty, model.operatorSets[domain] == nil {
            add(object, "its operators' domain '\(domain)' is not imported")
        }
        if let attribute = node.repeatedAttribute {
            add(object, "the attribute '\(attribute)' stands twice")
        }
        for input in node.inputs where !input.isEmpty && !known.contains(input) {
            add(object, "its input '\(input)' does not come before it")
        }
        for output in node.outputs where !output.isEmpty && !known.insert(output).inserted {
            add(object, "its output '\(output)' is already there")
        }
    }
}
