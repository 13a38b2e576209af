// SPDX-License-Identifier: Apache-2.0

/// Where a run is, after each batch.
public struct TrainingProgress: Hashable, Sendable {
    /// Counts from 1, as `batch` does.
    public let epoch: Int
    public let epochs: Int
    public let batch: Int
    public let batches: Int
    /// The mean over this epoch so far.
    public let loss: Double
    public let accuracy: Double
    public let learningRate: Double
    /// The mean over this epoch so far.
    public let imagesPerSecond: Double

    /// Share of the whole run that is done, 0 to 1.
    public var fraction: Double {
        (Double(epoch - 1) + Double(batch) / Double(Swift.max(batches, 1))) / Double(epochs)
    }
}

/// What the caller answers to progress.
public enum TrainingDirective: Hashable, Sendable {
    case proceed
    /// Stop now, between two batches. The run can be resumed from its last snapshot.
    case stop
}

/// How a run ended.
public struct TrainingResult: Sendable {
    /// After the last whole epoch; nil when there was none.
    public let snapshot: TrainingSnapshot?
    /// The epoch to keep, see ``Swift/Array/bestEpoch(after:)``.
    public let bestEpoch: Int?
    /// That epoch's weights; nil when it lies before the snapshot the run was resumed from, so that
    /// whoever stored that epoch still has them.
    public let best: TrainingSnapshot?
    /// Whether progress asked to stop.
    public let isStopped: Bool

    public var history: [EpochRecord] { snapshot?.history ?? [] }

    /// Over all epochs.
    public var imagesPerSecond: Double {
        let seconds = history.reduce(0) { $0 + $1.seconds }
        let images = history.reduce(0) { $0 + $1.imagesPerSecond * $1.seconds }
        return seconds > 0 ? images / seconds : 0
    }
}
