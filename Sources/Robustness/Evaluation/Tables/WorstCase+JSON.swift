// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension WorstCase {
    /// `{checkpoint, threat_model, rows, clean_correct, accuracy, interval_95, sets, waterfall,
    /// breakers, verdict}`; a breaker is the place in `sets` of the first set that breaks the row.
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
            "row_ids": .array(rowIDs.map { .integer($0) }),
            "breakers": .array(breakers.map { $0.map { .integer($0) } ?? .null }),
            "verdict": .string(verdict),
        ]
    }
}
