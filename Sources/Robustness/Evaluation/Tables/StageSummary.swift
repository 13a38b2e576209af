// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A set made of several parts: the attacks of an ensemble, one after the other on the rows still
/// standing, or corruptions that every image went through.
public struct StageSummary: Hashable, Sendable {
    public struct Stage: Hashable, Sendable {
        public let name: String
        /// Rows that belong to the stage.
        public let rows: Int
        /// Of them right on the example.
        public let accuracy: Rate
        /// Of them right when clean and wrong on the example.
        public let broken: Int
        /// Rows right when clean that are still right after this stage and those before it; nil
        /// where the stages are no sequence.
        public let standing: Int?
    }

    /// Whether every row belongs to a stage, as with corruptions, rather than those an attack broke.
    public let areConditions: Bool
    public let stages: [Stage]
    /// Kinds by severities, where the stages are called `kind-severity`.
    public let grid: CorruptionGrid?

    /// nil for sets of one piece.
    init?(_ outcomes: [RowOutcome], claims: SetClaims) {
        guard !claims.stageNames.isEmpty, claims.stages.count == outcomes.count else { return nil }
        let members = outcomes.indices.map { claims.stage(ofRow: $0) }
        let isCondition = !members.contains(nil)
        var standing = outcomes.count { $0.isCleanCorrect || !$0.isCleanKnown }
        stages = claims.stageNames.enumerated().map { number, name in
            let own = outcomes.indices.filter { members[$0] == number }.map { outcomes[$0] }
            let broken = own.count { $0.isBroken }
            standing -= broken
            return Stage(
                name: name, rows: own.count,
                accuracy: Rate(own.count { $0.isAdversarialCorrect }, of: own.count),
                broken: broken, standing: isCondition ? nil : standing)
        }
        areConditions = isCondition
        grid =
            isCondition
            ? CorruptionGrid(stages.map { ($0.name, $0.accuracy) }) : nil
    }

    /// `{conditions, stages: [{name, rows, accuracy, interval_95, broken, standing}], grid}`.
    public var json: JSON {
        [
            "conditions": .bool(areConditions),
            "stages": .array(
                stages.map {
                    [
                        "name": .string($0.name), "rows": .integer($0.rows),
                        "accuracy": $0.accuracy.json, "interval_95": $0.accuracy.intervalJSON,
                        "broken": .integer($0.broken),
                        "standing": $0.standing.map { .integer($0) } ?? .null,
                    ]
                }),
            "grid": grid?.json ?? .null,
        ]
    }
}

/// Accuracy by corruption and severity (Hendrycks and Dietterich, "Benchmarking neural network
/// robustness to common corruptions and perturbations", 2019).
public struct CorruptionGrid: Hashable, Sendable {
    public let kinds: [String]
    /// Ascending.
    public let severities: [Int]
    /// accuracy[kind][severity]; nil where the pair was not tried.
    public let accuracy: [[Rate?]]

    /// - Parameter rates: by names `kind-severity`; nil when one is of another form.
    public init?(_ rates: [(name: String, accuracy: Rate)]) {
        var kinds: [String] = []
        var known: [String: [Int: Rate]] = [:]
        for (name, rate) in rates where rate.total > 0 {
            guard let dash = name.lastIndex(of: "-"),
                let severity = Int(name[name.index(after: dash)...])
            else { return nil }
            let kind = String(name[..<dash])
            if known[kind] == nil { kinds.append(kind) }
            known[kind, default: [:]][severity] = rate
        }
        guard !kinds.isEmpty else { return nil }
        let severities = Set(known.values.flatMap(\.keys)).sorted()
        self.kinds = kinds
        self.severities = severities
        accuracy = kinds.map { kind in severities.map { known[kind]?[$0] } }
    }

    /// The mean over all pairs that were tried, each weighing the same.
    public var meanAccuracy: Double? {
        let values = accuracy.joined().compactMap { $0?.value }
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// The mean over kinds of this model's error by another's, in per cent: 100 is as good as it.
    /// nil unless both were tried on the same pairs and the other errs on every kind.
    public func meanCorruptionError(against baseline: CorruptionGrid) -> Double? {
        guard baseline.kinds == kinds, baseline.severities == severities else { return nil }
        var ratios: [Double] = []
        for (own, other) in zip(accuracy, baseline.accuracy) {
            let errors = own.compactMap { $0?.value.map { 1 - $0 } }.reduce(0, +)
            let others = other.compactMap { $0?.value.map { 1 - $0 } }.reduce(0, +)
            guard others > 0 else { return nil }
            ratios.append(errors / others)
        }
        return ratios.isEmpty ? nil : 100 * ratios.reduce(0, +) / Double(ratios.count)
    }

    /// `{kinds, severities, accuracy, mean_accuracy}`.
    public var json: JSON {
        [
            "kinds": .array(kinds.map { .string($0) }),
            "severities": .array(severities.map { .integer($0) }),
            "accuracy": .array(accuracy.map { .array($0.map { $0?.json ?? .null }) }),
            "mean_accuracy": meanAccuracy.map { .number($0) } ?? .null,
        ]
    }
}
