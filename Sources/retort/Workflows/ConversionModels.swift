// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors
import Training

/// A file's tensors as the parameters of a graph that Retort can run.
struct RunnableWeights {
    let graph: Graph
    /// What each parameter is, in PyTorch's layout.
    let roles: [String: ParameterRole]
    /// By parameter, in PyTorch's layout.
    let entries: [String: WeightEntry]
    /// Parameters that the file lacks and that have a value all the same.
    let implied: [String: Tensor]

    /// - Throws: ``Failure`` saying why the file's model cannot be run, without the file's name.
    init(_ file: WeightFile) throws {
        guard let model = file.model, let json = model.graph else {
            let notes = file.model?.notes ?? []
            throw Failure(
                notes.isEmpty
                    ? "the file does not say its model's graph" : notes.joined(separator: "; "))
        }
        let graph: Graph
        do {
            graph = try Graph(json: json)
        } catch {
            throw Failure("its graph does not hold together: \(error)")
        }
        roles = graph.roles
        var entries: [String: WeightEntry] = [:]
        for entry in file.entries {
            guard let parameter = model.parameters[entry.name] else { continue }
            entries[parameter] = try entry.converted(to: .pytorch)
        }
        for parameter in graph.parameters {
            let found = entries[parameter.name]
            guard let shape = found?.shape ?? model.implied[parameter.name]?.shape else {
                throw Failure("no tensor holds the graph's parameter '\(parameter.name)'")
            }
            guard shape == parameter.shape else {
                throw Failure(
                    "the tensor of '\(parameter.name)' has shape \(shape), its graph expects "
                        + "\(parameter.shape)")
            }
            if let found, found.elementType?.isNumeric != true {
                throw Failure("the tensor of '\(parameter.name)' is \(found.typeName)")
            }
        }
        self.graph = graph
        self.entries = entries
        implied = model.implied.filter { name, _ in entries[name] == nil }
    }

    /// Elements of all parameters.
    var elementCount: Int { graph.parameters.reduce(0) { $0 + $1.shape.elementCount } }

    /// The logits of `count` images (count, C, H, W) in [0, 1].
    func logits(of images: [Float], count: Int) throws -> [Float] {
        var tensors = NamedTensors()
        for parameter in graph.parameters {
            tensors[parameter.name] =
                try entries[parameter.name]?.tensor() ?? implied[parameter.name]
        }
        let classifier = try Classifier(graph: graph, parameters: tensors, batchSize: count)
        var logits = [Float](repeating: 0, count: count * graph.classCount)
        try images.withUnsafeBufferPointer { input in
            try logits.withUnsafeMutableBufferPointer { output in
                try classifier.logits(of: input, count: count, into: output)
            }
        }
        return logits
    }
}
