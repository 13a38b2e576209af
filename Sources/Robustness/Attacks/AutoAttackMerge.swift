// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The results of an ensemble's stages, row by row.
struct AutoAttackMerge {
    /// How one stage fared.
    struct StageRecord {
        let name: String
        let text: String
        let attacked: Int
        let broken: Int
        let queries: Int
        let gradients: Int
        let zeroGradientRows: Int
        let seconds: Double

        var json: JSON {
            [
                "name": .string(name), "text": .string(text), "attacked": .integer(attacked),
                "broken": .integer(broken), "queries": .integer(queries),
                "gradients": .integer(gradients),
                "zero_gradient_rows": .integer(zeroGradientRows),
                "wall_seconds": .number(seconds),
            ]
        }
    }

    private(set) var stages: [StageRecord] = []
    private var first: AdversarialResult?
    private var adversarial: [Float] = []
    private var statuses: [AdversarialResult.Status] = []
    private var margins: [Float] = []
    private var distances: [Double] = []
    private var breakers: [Int?] = []
    private var queries: [Int] = []
    private(set) var gradients: [Int] = []

    /// Rows that no stage has broken.
    var survivors: [Int] { statuses.indices.filter { statuses[$0] == .failed } }

    /// Takes the result of one stage on the rows at `positions`; the first has them all.
    mutating func take(
        _ result: AdversarialResult, at positions: [Int], stage: Int, named name: String
    ) {
        let isFirst = first == nil
        if isFirst { begin(result) }
        let pixelCount =
            result.count == 0 ? 0 : result.adversarial.shape.elementCount / result.count
        result.adversarial.withUnsafeBytes { bytes in
            let examples = bytes.bindMemory(to: Float.self)
            for (index, row) in positions.enumerated() {
                if !isFirst {
                    queries[row] += result.queries[index]
                    gradients[row] += result.gradients[index]
                }
                let isBroken = result.statuses[index] == .success
                if isBroken { breakers[row] = stage }
                // Of failures, the one that came nearest.
                guard isFirst || isBroken || result.margins[index] < margins[row] else { continue }
                statuses[row] = result.statuses[index]
                margins[row] = result.margins[index]
                distances[row] = result.distances[index]
                let start = row * pixelCount
                adversarial.replaceSubrange(
                    start..<(start + pixelCount),
                    with: examples[(index * pixelCount)..<((index + 1) * pixelCount)])
            }
        }
        stages.append(
            StageRecord(
                name: name, text: result.attack["text"]?.stringValue ?? name,
                attacked: result.count(of: .success) + result.count(of: .failed),
                broken: result.count(of: .success), queries: result.queries.reduce(0, +),
                gradients: result.gradients.reduce(0, +),
                zeroGradientRows: result.zeroGradientRows, seconds: result.wallSeconds))
    }

    private mutating func begin(_ result: AdversarialResult) {
        first = result
        adversarial = [Float](repeating: 0, count: result.adversarial.shape.elementCount)
        statuses = result.statuses
        margins = result.margins
        distances = result.distances
        breakers = [Int?](repeating: nil, count: result.count)
        queries = result.queries
        gradients = result.gradients
    }

    /// What the ensemble made.
    func result(of attack: AutoAttack, flags: AutoAttackFlags) -> AdversarialResult {
        guard let first else { preconditionFailure("an ensemble has stages") }
        let shape = first.adversarial.shape
        var merged = AdversarialResult(
            adversarial: Tensor(trusted: .f32, shape: shape, values: adversarial),
            clean: first.clean, labels: first.labels, targets: first.targets, statuses: statuses,
            margins: margins, distances: distances, rowIDs: first.rowIDs, queries: queries,
            gradients: gradients,
            // Of the first stage, the only one that sees all rows.
            zeroGradientRows: first.zeroGradientRows,
            stages: breakers, stageNames: attack.stageNames,
            wallSeconds: stages.reduce(0) { $0 + $1.seconds },
            threatModel: attack.threatModel, seed: attack.seed, attack: attack.json)
        merged.details = Self.details(stages, flags: flags)
        return merged
    }

    private static func details(_ stages: [StageRecord], flags: AutoAttackFlags) -> JSON {
        ["stages": .array(stages.map(\.json)), "flags": flags.json]
    }

    /// The details of a result whose parts were made apart; nil where they are of no ensemble.
    static func joined(_ parts: [JSON?], rows: Int) -> JSON? {
        let records = parts.map { part in
            (part?["stages"]?.arrayValue ?? []).compactMap { StageRecord(json: $0) }
        }
        // A part whose rows are all broken has no later stages.
        guard let longest = records.max(by: { $0.count < $1.count }), !longest.isEmpty else {
            return nil
        }
        let stages = longest.indices.map { index in
            let others = records.filter { $0.count > index }.map { $0[index] }
            return others.dropFirst().reduce(others[0]) { $0 + $1 }
        }
        let flags = AutoAttackFlags(joining: parts.map { $0?["flags"] }, stages: stages, rows: rows)
        return details(stages, flags: flags)
    }
}

extension AutoAttackMerge.StageRecord {
    /// Reads what ``json`` writes.
    init?(json: JSON) {
        guard let name = json["name"]?.stringValue, let text = json["text"]?.stringValue,
            let attacked = json["attacked"]?.integerValue,
            let broken = json["broken"]?.integerValue,
            let queries = json["queries"]?.integerValue,
            let gradients = json["gradients"]?.integerValue,
            let zeroGradientRows = json["zero_gradient_rows"]?.integerValue,
            let seconds = json["wall_seconds"]?.doubleValue
        else { return nil }
        self.init(
            name: name, text: text, attacked: attacked, broken: broken, queries: queries,
            gradients: gradients, zeroGradientRows: zeroGradientRows, seconds: seconds)
    }

    static func + (left: Self, right: Self) -> Self {
        Self(
            name: left.name, text: left.text, attacked: left.attacked + right.attacked,
            broken: left.broken + right.broken, queries: left.queries + right.queries,
            gradients: left.gradients + right.gradients,
            zeroGradientRows: left.zeroGradientRows + right.zeroGradientRows,
            seconds: left.seconds + right.seconds)
    }
}
