// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What an attack made, row by row, and how.
public struct AdversarialResult: Sendable {
    /// How a row's attack ended, on the model it was made with.
    public enum Status: UInt8, CaseIterable, Hashable, Sendable {
        /// The model was right about the clean image, and the goal was reached.
        case success = 0
        /// The model was right, and no point tried reached the goal.
        case failed = 1
        /// The model is wrong about the clean image.
        case alreadyMisclassified = 2
        /// The target is the row's own label, so there was nothing to try.
        case skipped = 3
        /// The model was right, and JSMA ran out of admissible features before its budget.
        case noPair = 4

        public var name: String {
            switch self {
            case .success: "success"
            case .failed: "failed"
            case .alreadyMisclassified: "already-misclassified"
            case .skipped: "skipped"
            case .noPair: "no-pair"
            }
        }
    }

    /// (N, C, H, W) F32 in [0, 1].
    public let adversarial: Tensor
    /// (N, C, H, W) F32 in [0, 1].
    public let clean: Tensor
    public let labels: [Int]
    /// The class aimed at; -1 where the attack is untargeted.
    public let targets: [Int]
    public let statuses: [Status]
    /// z_label - max of the other logits at the example; below zero where the label lost.
    public let margins: [Float]
    /// Of the example from its clean image, in the threat model's norm, in double precision.
    public let distances: [Double]
    /// The rows' numbers in their data set.
    public let rowIDs: [Int]
    /// Forward passes and input gradients spent on each row.
    public let queries: [Int]
    public let gradients: [Int]
    /// Rows whose gradient was exactly zero at some step: a sign of a masked gradient.
    public let zeroGradientRows: Int
    /// For attacks made of several: which of them broke a row, counting from 0; nil for rows none
    /// did. Empty for attacks of one piece.
    public let stages: [Int?]
    /// The names of the stages.
    public let stageNames: [String]
    public let wallSeconds: Double
    public let threatModel: ThreatModel
    public let seed: UInt64
    /// The attack's ``Attack/json``.
    public let attack: JSON
    /// What the attack has to say besides, such as how the stages of an ensemble fared; stored as
    /// `details`.
    public var details: JSON?

    public var count: Int { labels.count }

    /// How many rows ended with `status`.
    public func count(of status: Status) -> Int { statuses.count { $0 == status } }
}

extension AdversarialResult {
    /// The record that is stored with the arrays.
    ///
    /// - Parameters:
    ///   - sourceModel: digest of the model the examples were made with.
    ///   - data: digest of the data set the clean rows come from, and `dataName` its name.
    public func metadata(
        sourceModel: Digest, sourceName: String, data: Digest, dataName: String
    ) -> JSON {
        var counts: [String: JSON] = [:]
        for status in Status.allCases { counts[status.name] = .integer(count(of: status)) }
        var record: JSON = [
            "attack": attack,
            "threat_model": threatModel.json,
            "seed": .integer(Int(seed)),
            "generator": "philox4x32-10",
            "library": "retort",
            // Attacks see the model as it is served: no dropout, stored batch statistics.
            "model_mode": "inference",
            "rows": AdversarialSet.json(ofRowIDs: rowIDs),
            "status_counts": .object(counts),
            "cost": [
                "queries": .integer(queries.reduce(0, +)),
                "gradients": .integer(gradients.reduce(0, +)),
                "wall_seconds": .number(wallSeconds),
            ],
            "zero_gradient_rows": .integer(zeroGradientRows),
            "source_model": [
                "name": .string(sourceName), "digest": .string(sourceModel.hexadecimal),
            ],
            "data": ["name": .string(dataName), "digest": .string(data.hexadecimal)],
        ]
        if !stages.isEmpty {
            record["stage_names"] = .array(stageNames.map { .string($0) })
            record["stages"] = .array(stages.map { $0.map { .integer($0) } ?? .null })
        }
        if let details { record["details"] = details }
        return record
    }
}
