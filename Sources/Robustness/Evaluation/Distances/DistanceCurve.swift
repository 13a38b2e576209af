// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Accuracy at every budget from one attack that looks for the smallest change: a row is held at
/// epsilon if no example of it within epsilon breaks it. Sorting the distances gives the curve; it
/// starts at the clean accuracy and cannot rise.
public struct DistanceCurve: Hashable, Sendable {
    public struct Point: Hashable, Sendable {
        public let epsilon: Double
        /// Of all images, still right with a change up to ``epsilon``.
        public let accuracy: Rate
    }

    public let norm: Norm
    /// Images, each counted once whatever its number of targets.
    public let images: Int
    /// Ascending: 0, then every distance at which an image breaks.
    public let points: [Point]

    /// - Parameter rowIDs: which image a row stems from.
    init(_ outcomes: [RowOutcome], rowIDs: [Int], threatModel: ThreatModel) {
        norm = threatModel.norm
        var nearest: [Int: Double] = [:]
        for (outcome, rowID) in zip(outcomes, rowIDs) {
            var distance = Double.infinity
            if outcome.isCleanKnown, !outcome.isCleanCorrect {
                distance = 0
            } else if outcome.isAdmissible, !outcome.isAdversarialCorrect {
                distance = outcome.distance
            }
            nearest[rowID] = min(nearest[rowID] ?? .infinity, distance)
        }
        let distances = nearest.values.sorted()
        images = distances.count
        var points: [Point] = []
        var fallen = 0
        for epsilon in [0] + distances where epsilon.isFinite && points.last?.epsilon != epsilon {
            while fallen < distances.count, distances[fallen] <= epsilon { fallen += 1 }
            points.append(
                Point(
                    epsilon: epsilon,
                    accuracy: Rate(distances.count - fallen, of: distances.count)))
        }
        self.points = points
    }

    /// The share of images still right at `epsilon`.
    public func accuracy(at epsilon: Double) -> Rate {
        points.last { $0.epsilon <= epsilon }?.accuracy ?? Rate(0, of: 0)
    }

    /// Points of the JSON form; more are thinned evenly.
    private static let pointLimit = 200

    /// `{norm, images, points: [{epsilon, accuracy, interval_95}]}`.
    public var json: JSON {
        var shown = points
        if points.count > Self.pointLimit {
            shown = (0..<Self.pointLimit).map {
                points[$0 * (points.count - 1) / (Self.pointLimit - 1)]
            }
        }
        return [
            "norm": .string(norm.rawValue), "images": .integer(images),
            "points": .array(
                shown.map {
                    [
                        "epsilon": .number($0.epsilon), "accuracy": $0.accuracy.json,
                        "interval_95": $0.accuracy.intervalJSON,
                    ]
                }),
        ]
    }
}
