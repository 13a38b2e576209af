// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Accuracy under corruptions, by kind and severity.
public struct CorruptionSummary: Hashable, Sendable {
    /// The corruptions in their order, such as `fog`.
    public let kinds: [String]
    /// Ascending.
    public let severities: [Int]
    /// By kind and then severity; rates over all rows. nil for pairs that are not in the set.
    public let accuracies: [[Rate?]]

    /// - Parameters:
    ///   - stageNames: `kind-severity`, as ``CommonCorruptions`` names them.
    ///   - stages: the stage of every row; rows without one are left out.
    ///   - isCorrect: whether the model is right about every row.
    /// - Throws: ``RobustnessError`` when a name is not of that form or rows do not fit together.
    public init(
        stageNames: [String], stages: [Int?], isCorrect: [Bool]
    ) throws(RobustnessError) {
        guard stages.count == isCorrect.count else {
            throw RobustnessError(
                .data, "\(isCorrect.count) rows have \(stages.count) corruptions, expected as many")
        }
        var counts = [(correct: Int, rows: Int)](repeating: (0, 0), count: stageNames.count)
        for (stage, isCorrect) in zip(stages, isCorrect) {
            guard let stage else { continue }
            guard stageNames.indices.contains(stage) else {
                throw RobustnessError(
                    .data, "a row has corruption \(stage), but \(stageNames.count) are named")
            }
            counts[stage].rows += 1
            if isCorrect { counts[stage].correct += 1 }
        }
        var parts: [(kind: String, severity: Int)] = []
        for name in stageNames {
            guard let dash = name.lastIndex(of: "-"),
                let severity = Int(name[name.index(after: dash)...])
            else {
                throw RobustnessError(
                    .data, "the corruption '\(name)' is not of the form kind-severity")
            }
            parts.append((String(name[..<dash]), severity))
        }
        kinds = parts.map(\.kind).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        severities = Set(parts.map(\.severity)).sorted()
        accuracies = kinds.map { [severities] kind in
            severities.map { severity in
                guard let stage = parts.firstIndex(where: { $0 == (kind, severity) }),
                    counts[stage].rows > 0
                else { return nil }
                return Rate(counts[stage].correct, of: counts[stage].rows)
            }
        }
    }

    /// What a set of ``CommonCorruptions`` says about the model it was made with.
    public init(_ result: AdversarialResult) throws(RobustnessError) {
        try self.init(
            stageNames: result.stageNames, stages: result.stages,
            isCorrect: result.margins.map { $0 > 0 })
    }

    /// Of a kind over its severities; nil where none is in the set.
    public func meanAccuracy(ofKind kind: Int) -> Double? {
        Self.mean(accuracies[kind].compactMap { $0?.value })
    }

    /// The mean over kinds of the means over severities: RobustBench's score.
    public var meanAccuracy: Double? {
        Self.mean(kinds.indices.compactMap { meanAccuracy(ofKind: $0) })
    }

    /// The mean corruption error (Hendrycks and Dietterich, 2019, section 4.3): the mean over kinds of
    /// a model's error, summed over severities, over that of `baseline`. 1 is as good as the
    /// baseline; nil unless both have the same kinds and severities and the baseline errs on each
    /// kind.
    public func meanCorruptionError(against baseline: CorruptionSummary) -> Double? {
        guard kinds == baseline.kinds, severities == baseline.severities else { return nil }
        var ratios: [Double] = []
        for (own, theirs) in zip(accuracies, baseline.accuracies) {
            var (error, reference) = (0.0, 0.0)
            for (own, theirs) in zip(own, theirs) {
                guard let own = own?.value, let theirs = theirs?.value else { return nil }
                (error, reference) = (error + 1 - own, reference + 1 - theirs)
            }
            guard reference > 0 else { return nil }
            ratios.append(error / reference)
        }
        return Self.mean(ratios)
    }

    /// `{kinds, severities, accuracies: [[...]], mean_accuracy}`.
    public var json: JSON {
        [
            "kinds": .array(kinds.map { .string($0) }),
            "severities": .array(severities.map { .integer($0) }),
            "accuracies": .array(
                accuracies.map { .array($0.map { $0?.json ?? .null }) }),
            "mean_accuracy": meanAccuracy.map { .number($0) } ?? .null,
        ]
    }

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
