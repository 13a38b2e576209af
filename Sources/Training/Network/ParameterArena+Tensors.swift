// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension ParameterArena {
    /// Parameters read from tensors: see ``load(_:)``.
    ///
    /// - Throws: ``TrainingError`` as `load` does.
    public convenience init(graph: Graph, tensors: NamedTensors) throws(TrainingError) {
        self.init(graph: graph, seed: 0)
        try load(tensors)
    }

    /// Takes every parameter's values from the tensor of its name; numbers of other kinds become
    /// `Float`. Nothing changes when anything does not fit.
    ///
    /// - Throws: ``TrainingError`` naming the tensor that is missing, unknown or of another shape.
    public func load(_ tensors: NamedTensors) throws(TrainingError) {
        if let unknown = tensors.names.first(where: { self[$0] == nil }) {
            throw TrainingError("tensor '\(unknown)' is not a parameter of the graph")
        }
        var loaded: [(slot: Slot, floats: [Float])] = []
        for slot in slots {
            let specification = slot.specification
            guard let tensor = tensors[specification.name] else {
                throw TrainingError(
                    "tensor '\(specification.name)' \(specification.shape) is missing")
            }
            guard tensor.shape == specification.shape else {
                throw TrainingError(
                    "tensor '\(specification.name)' has shape \(tensor.shape); the graph expects \(specification.shape)"
                )
            }
            do {
                loaded.append((slot, try tensor.floats()))
            } catch {
                throw TrainingError("tensor '\(specification.name)': \(error)")
            }
        }
        for (slot, floats) in loaded { _ = values(of: slot).update(from: floats) }
        valuesChanged()
    }

    /// A copy of every parameter, in the graph's order, under PyTorch's names and axes.
    public func tensors() -> NamedTensors {
        var tensors = NamedTensors()
        for specification in graph.parameters {
            guard let slot = self[specification.name] else { continue }
            tensors[specification.name] = Tensor(
                Array(values(of: slot)), shape: specification.shape)
        }
        return tensors
    }
}
