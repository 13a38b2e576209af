// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// What is left of one model after every set of one threat model: a row is held only if no set
/// breaks it. The minimum is taken for each row, never an average over attacks.
public struct WorstCase: Sendable {
    public struct Contribution: Hashable, Sendable {
        public let set: String
        public let attack: String
        public let access: Evaluation.Access
        /// Clean-correct rows the set breaks.
        public let broken: Int
        /// Rows that no other set breaks.
        public let brokenAlone: Int
    }

    public let checkpoint: String
    public let threatModel: ThreatModel
    public let rows: Int
    public let cleanCorrect: Int
    /// Right when clean and on every example, of all rows.
    public let accuracy: Rate
    public let contributions: [Contribution]
    /// Rows left standing after each set in turn, starting with all clean-correct rows.
    public let waterfall: [Int]

    /// - Throws: ``RobustnessError`` unless all evaluations are of one model, one threat model and
    ///   the same rows.
    public init(over evaluations: [Evaluation]) throws(RobustnessError) {
        guard let first = evaluations.first else {
            throw RobustnessError(.data, "a worst case needs at least one evaluated set")
        }
        for other in evaluations.dropFirst() {
            let difference: String? =
                if other.checkpoint != first.checkpoint {
                    "evaluate the models '\(first.checkpoint)' and '\(other.checkpoint)'"
                } else if other.threatModel != first.threatModel {
                    "allow \(first.threatModel.description) and \(other.threatModel.description)"
                } else if other.rowIDs != first.rowIDs
                    || other.outcomes.map(\.label) != first.outcomes.map(\.label)
                {
                    "hold different rows"
                } else {
                    nil
                }
            if let difference {
                throw RobustnessError(
                    .data,
                    "the sets '\(first.set)' and '\(other.set)' \(difference), so they have no common worst case"
                )
            }
        }
        checkpoint = first.checkpoint
        threatModel = first.threatModel
        rows = first.rows
        let isCorrect = first.outcomes.map(\.isCleanCorrect)
        let broken = evaluations.map { evaluation in
            zip(isCorrect, evaluation.outcomes).map { $0 && !$1.isAdversarialCorrect }
        }
        cleanCorrect = isCorrect.count { $0 }
        var standing = isCorrect
        var waterfall = [cleanCorrect]
        for set in broken {
            standing = zip(standing, set).map { $0 && !$1 }
            waterfall.append(standing.count { $0 })
        }
        self.waterfall = waterfall
        accuracy = Rate(waterfall.last ?? 0, of: rows)
        let breakers = isCorrect.indices.map { row in broken.count { $0[row] } }
        contributions = zip(evaluations, broken).map { evaluation, set in
            Contribution(
                set: evaluation.set, attack: evaluation.attack, access: evaluation.access,
                broken: set.count { $0 },
                brokenAlone: zip(set, breakers).count { $0 && $1 == 1 })
        }
    }

    /// `no set in this store broke 12 of 1000 rows ...`: what may be said.
    public var verdict: String {
        let names = contributions.map(\.attack).joined(separator: "; ")
        return
            "no attack in this store broke \(accuracy.count) of \(rows) rows within \(threatModel.description); tried: \(names); any other attack may break more"
    }

    /// `{checkpoint, threat_model, rows, clean_correct, accuracy, interval_95, sets, waterfall, verdict}`.
    public var json: JSON {
        [
            "checkpoint": .string(checkpoint),
            "threat_model": threatModel.json,
            "rows": .integer(rows),
            "clean_correct": .integer(cleanCorrect),
            "accuracy": accuracy.json,
            "interval_95": accuracy.intervalJSON,
            "sets": .array(
                contributions.map {
                    [
                        "set": .string($0.set), "attack": .string($0.attack),
                        "access": .string($0.access.rawValue), "broken": .integer($0.broken),
                        "broken_alone": .integer($0.brokenAlone),
                    ]
                }),
            "waterfall": .array(waterfall.map { .integer($0) }),
            "verdict": .string(verdict),
        ]
    }
}
