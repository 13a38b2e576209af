// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What a file says of its model's structure.
public struct ModelDescription: Sendable {
    /// The graph in the form of a store's `architecture` (`Training/Graph`), when every layer has
    /// an operation there; its parameters are named as the graph names them.
    public var graph: JSON?
    /// Parameters of the graph (`conv1/weight`) by the name of the entry that holds them.
    public var parameters: [String: String]
    /// Parameters of the graph that the file lacks and that have a value all the same: ones for
    /// the scale of a normalisation without one.
    public var implied: [String: Tensor]
    /// Which layer was not understood, and other remarks, a sentence each without its stop.
    public var notes: [String]
    /// The structure in the file's own words: Keras's configuration.
    public var source: JSON?

    public init(
        graph: JSON? = nil, parameters: [String: String] = [:], implied: [String: Tensor] = [:],
        notes: [String] = [], source: JSON? = nil
    ) {
        self.graph = graph
        self.parameters = parameters
        self.implied = implied
        self.notes = notes
        self.source = source
    }
}
