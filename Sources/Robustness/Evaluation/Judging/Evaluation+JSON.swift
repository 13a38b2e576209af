// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension Evaluation {
    /// Violations and rejections listed in full up to this many; the counts are always exact.
    private static let listLimit = 20

    /// The keys that checks rely on, and more.
    public var json: JSON {
        var result: JSON = [
            "checkpoint": .string(checkpoint),
            "set": .string(set),
            "attack": .string(attack),
            "access": .string(access.rawValue),
            "source_known": .bool(isSourceKnown),
            "rows": .integer(rows),
            "clean_accuracy": cleanAccuracy.json,
            "interval_95": adversarialIntervalJSON,
            "intervals_95": intervals,
            "denominators": [
                "rows": .integer(rows), "clean_correct": .integer(cleanAccuracy.count),
            ],
            "as_stored": Self.json(asStored),
            "threat_model": threatJSON,
            "masking": masking.json,
            "margins": margins.json,
            "classes": .array(classes.enumerated().map { Self.json($0.offset, $0.element) }),
            "confusion": .array(confusion.map { .array($0.map { .integer($0) }) }),
            "quantisation": .array(quantisation.map(\.json)),
            "hardness": hardness?.json ?? .null,
            "curve": curve?.json ?? .null,
            "targets": targetMatrix?.json ?? .null,
            "stages": stages?.json ?? .null,
            "clean_rows": [
                "digest": .string(cleanDigest.hexadecimal),
                "distinct_images": .integer(distinctImages),
                "agreement": agreement?.json ?? .null,
            ],
            "cost": cost,
            "rejected": .bool(isRejected),
            "defects": .array(defects.map(\.json)),
            "verdict": .string(verdict),
        ]
        for (key, value) in Self.json(rates).objectValue ?? [:] { result[key] = value }
        return result
    }

    /// Of the accuracy on the examples: by clusters where images stand behind several rows.
    public var adversarialInterval: ClosedRange<Double> {
        let hits = outcomes.map(\.isAdversarialCorrect)
        return ClusteredInterval.interval(hits: hits, clusters: rowIDs)
            ?? rates.adversarialAccuracy.interval
    }

    private var adversarialIntervalJSON: JSON {
        let interval = adversarialInterval
        return [.number(interval.lowerBound), .number(interval.upperBound)]
    }

    private var intervals: JSON {
        var intervals: JSON = [
            "clean_accuracy": cleanAccuracy.intervalJSON,
            "adversarial_accuracy": rates.adversarialAccuracy.intervalJSON,
            "accuracy_on_both": rates.accuracyOnBoth.intervalJSON,
            "success_rate": rates.success.intervalJSON,
            "success_rate_clean_correct": rates.successCleanCorrect.intervalJSON,
        ]
        if let targeted = rates.targetedSuccess {
            intervals["targeted_success_rate"] = targeted.intervalJSON
            let rows = outcomes.indices.filter { outcomes[$0].target >= 0 }
            if let clustered = ClusteredInterval.interval(
                hits: rows.map { outcomes[$0].isTargetReached }, clusters: rows.map { rowIDs[$0] })
            {
                intervals["targeted_success_rate_clustered"] = [
                    .number(clustered.lowerBound), .number(clustered.upperBound),
                ]
            }
        }
        return intervals
    }

    private static func json(_ rates: Rates) -> JSON {
        var json: JSON = [
            "adversarial_accuracy": rates.adversarialAccuracy.json,
            "accuracy_on_both": rates.accuracyOnBoth.json,
            "success_rate": rates.success.json,
            "success_rate_clean_correct": rates.successCleanCorrect.json,
        ]
        if let all = rates.targetedSuccess, let correct = rates.targetedSuccessCleanCorrect {
            json["targeted_success_rate"] = all.json
            json["targeted_success_rate_clean_correct"] = correct.json
        }
        return json
    }

    private static func json(_ label: Int, _ counts: ClassCounts) -> JSON {
        [
            "class": .integer(label),
            "rows": .integer(counts.rows),
            "clean_correct": .integer(counts.cleanCorrect),
            "adversarial_correct": .integer(counts.adversarialCorrect),
        ]
    }

    private var threatJSON: JSON {
        var json = threatModel.json
        json["violations"] = .integer(threatCheck.violations.count)
        json["violating_rows"] = Self.json(threatCheck.violations)
        json["rejected"] = .integer(threatCheck.rejected.count)
        json["rejected_rows"] = Self.json(threatCheck.rejected)
        json["within_tolerance"] = .integer(threatCheck.withinTolerance)
        json["max_distance"] = threatCheck.maximalDistance.map { .number($0) } ?? .null
        json["mean_distance"] = threatCheck.meanDistance.map { .number($0) } ?? .null
        json["unchanged_rows"] = .integer(threatCheck.unchangedRows)
        json["saturated_share"] = .number(threatCheck.saturatedShare)
        return json
    }

    private static func json(_ violations: [ThreatCheck.Violation]) -> JSON {
        .array(
            violations.prefix(listLimit).map {
                [
                    "row": .integer($0.rowID), "defect": .string($0.kind.rawValue),
                    "reason": .string($0.reason),
                ]
            })
    }

    /// What may be said: which rows this one set broke, never that a model resists attacks.
    public var verdict: String {
        let broken = rates.successCleanCorrect
        let how = access == .whiteBox ? "made with this model" : "transferred from another model"
        var text =
            "the set '\(set)' (\(attack), \(threatModel.description), \(how)) broke \(broken.count) of \(broken.total) rows that are right when clean"
        if broken.total == 0, outcomes.contains(where: { !$0.isCleanKnown }) {
            text =
                "the set '\(set)' (\(attack), \(threatModel.description), \(how)) leaves \(rates.success.count) of \(rates.success.total) rows wrong; how many were right when clean is not known"
        }
        let refused = threatCheck.violations.count + threatCheck.rejected.count
        if refused > 0 {
            text += "; \(refused) rows break its threat model and count as not attacked"
        }
        if isRejected, let worst = defects.first {
            text =
                "the set '\(set)' is rejected: \(worst.finding)"
                + (refused > 0 ? "; \(refused) rows break its threat model" : "")
        }
        return text
    }
}
