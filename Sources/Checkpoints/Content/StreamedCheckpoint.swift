// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A checkpoint to be stored whose tensors are fetched one at a time: for models that are larger
/// than memory, or whose tensors are made on the way.
public struct StreamedCheckpoint {
    /// One tensor: what it will be, and how to get it.
    public struct Parameter {
        /// Slash-separated, `conv1/weight`.
        public let name: String
        public let elementType: ElementType
        public let shape: Shape
        /// Axis letters (`OIHW`), where they are known.
        public let axes: String?
        /// `weight`, `running_mean`, where it is known.
        public let role: String?
        let load: () throws(StoreError) -> Tensor

        public init(
            name: String, elementType: ElementType, shape: Shape, axes: String? = nil,
            role: String? = nil, load: @escaping () throws(StoreError) -> Tensor
        ) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
            self.axes = axes
            self.role = role
            self.load = load
        }
    }

    public var parameters: [Parameter]
    /// The model's graph; `.null` when it is not known.
    public var architecture: JSON
    /// An object.
    public var metadata: JSON
    /// What the weights were made from.
    public var parents: [Digest]
    /// The data trained on.
    public var dataDigest: Digest?

    public init(
        parameters: [Parameter], architecture: JSON = .null, metadata: JSON = [:],
        parents: [Digest] = [], dataDigest: Digest? = nil
    ) {
        self.parameters = parameters
        self.architecture = architecture
        self.metadata = metadata
        self.parents = parents
        self.dataDigest = dataDigest
    }

    /// - Throws: ``ContentProblem`` when there are no tensors.
    func draft() throws(ContentProblem) -> ObjectDraft {
        guard !parameters.isEmpty else {
            throw ContentProblem("a checkpoint has no tensors, expected at least one")
        }
        var draft = ObjectDraft(kind: .checkpoint, metadata: metadata)
        draft.architecture = architecture.text()
        draft.references =
            parents.map { Reference(.parent, $0) }
            + [dataDigest].compactMap { $0.map { Reference(.data, $0) } }
        draft.arrays = parameters.map { parameter in
            ArrayDraft(
                parameter.name, parameter.elementType, parameter.shape, axes: parameter.axes,
                role: parameter.role, isTable: false, isShareable: false, expectedDigest: nil,
                load: parameter.load)
        }
        return draft
    }
}
