// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A run after a whole number of epochs: all that resuming needs beside recipe, graph and data.
/// Random numbers have no state to keep; they are functions of seed, epoch and row.
public struct TrainingSnapshot: Sendable, Equatable {
    /// Epochs completed.
    public let epoch: Int
    public let parameters: NamedTensors
    /// ``Optimizer/exportState()``; what the store keeps under `optimizer/`.
    public let optimizer: NamedTensors
    /// One record for each epoch completed.
    public let history: [EpochRecord]

    /// - Throws: ``TrainingError`` when the history is not that of `epoch` epochs.
    public init(
        epoch: Int, parameters: NamedTensors, optimizer: NamedTensors, history: [EpochRecord]
    ) throws(TrainingError) {
        guard epoch >= 0, history.map(\.epoch) == Array(1..<(epoch + 1)) else {
            throw TrainingError(
                "a run after \(epoch) epochs has records of epochs \(history.map(\.epoch))")
        }
        self.epoch = epoch
        self.parameters = parameters
        self.optimizer = optimizer
        self.history = history
    }
}

/// Where a run begins.
public enum TrainingStart: Sendable {
    /// Weights drawn from the recipe's seed.
    case fresh
    /// Weights of another model of the same graph; the optimizer starts anew.
    case parameters(NamedTensors)
    /// A run that was stopped.
    case snapshot(TrainingSnapshot)
}
