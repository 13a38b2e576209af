// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A checkpoint to be stored: weights, the graph they belong to, and where they come from.
public struct CheckpointContent: Sendable {
    /// Parameters by slash-separated name (`conv1/weight`), in PyTorch's words and axes.
    public var tensors: NamedTensors
    /// The model's graph; `.null` when it is not known.
    public var architecture: JSON
    /// Recipe, seed, metrics: an object.
    public var metadata: JSON
    /// What the weights were made from: an earlier checkpoint, the soft labels distilled from.
    public var parents: [Digest]
    /// The data trained on.
    public var dataDigest: Digest?
    /// Axis letters by parameter (`OIHW`), for those where they are known.
    public var axes: [String: String]
    /// Roles by parameter (`weight`, `running_mean`), for those where they are known.
    public var roles: [String: String]
    /// What training needs to go on from here; nil when it need not.
    public var optimizer: NamedTensors?

    public init(
        tensors: NamedTensors, architecture: JSON = .null, metadata: JSON = [:],
        parents: [Digest] = [], dataDigest: Digest? = nil, axes: [String: String] = [:],
        roles: [String: String] = [:], optimizer: NamedTensors? = nil
    ) {
        self.tensors = tensors
        self.architecture = architecture
        self.metadata = metadata
        self.parents = parents
        self.dataDigest = dataDigest
        self.axes = axes
        self.roles = roles
        self.optimizer = optimizer
    }

    /// - Throws: ``ContentProblem`` when there are no tensors.
    func draft() throws(ContentProblem) -> ObjectDraft {
        guard !tensors.isEmpty else {
            throw ContentProblem("a checkpoint has no tensors, expected at least one")
        }
        var draft = ObjectDraft(kind: .checkpoint, metadata: metadata)
        draft.architecture = architecture.text()
        draft.references =
            parents.map { Reference(.parent, $0) }
            + [dataDigest].compactMap { $0.map { Reference(.data, $0) } }
        draft.arrays = tensors.map { name, tensor in
            ArrayDraft(name, tensor, axes: axes[name], role: roles[name])
        }
        draft.state = optimizer?.map { name, tensor in ArrayDraft(name, tensor) }
        return draft
    }
}
