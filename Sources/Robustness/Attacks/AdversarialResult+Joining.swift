// SPDX-License-Identifier: Apache-2.0

public import Tensors

extension AdversarialResult {
    /// The results of several runs of one attack, row after row: what one run over all rows gives.
    ///
    /// - Throws: ``RobustnessError`` for no parts, or parts of different attacks or images.
    public static func joined(
        _ parts: [AdversarialResult]
    ) throws(RobustnessError) -> AdversarialResult {
        guard let first = parts.first else {
            throw RobustnessError(.data, "there are no parts of a result to join, expected one")
        }
        for part in parts {
            guard part.attack == first.attack, part.threatModel == first.threatModel else {
                throw RobustnessError(
                    .data,
                    "the parts of a result are of the attacks \(first.attack["text"] ?? .null) and \(part.attack["text"] ?? .null), expected one"
                )
            }
        }
        guard parts.count > 1 else { return first }
        let hasStages = parts.contains { !$0.stages.isEmpty }
        var result = AdversarialResult(
            adversarial: try joined(parts.map(\.adversarial)),
            clean: try joined(parts.map(\.clean)),
            labels: parts.flatMap(\.labels), targets: parts.flatMap(\.targets),
            statuses: parts.flatMap(\.statuses), margins: parts.flatMap(\.margins),
            distances: parts.flatMap(\.distances), rowIDs: parts.flatMap(\.rowIDs),
            queries: parts.flatMap(\.queries), gradients: parts.flatMap(\.gradients),
            zeroGradientRows: parts.reduce(0) { $0 + $1.zeroGradientRows },
            stages: hasStages ? parts.flatMap(\.stagesOfAllRows) : [],
            stageNames: first.stageNames,
            wallSeconds: parts.reduce(0) { $0 + $1.wallSeconds },
            threatModel: first.threatModel, seed: first.seed, attack: first.attack)
        result.details = AutoAttackMerge.joined(parts.map(\.details), rows: result.count)
        return result
    }

    private var stagesOfAllRows: [Int?] {
        stages.isEmpty ? [Int?](repeating: nil, count: count) : stages
    }

    /// One (N, ...) tensor after the other.
    private static func joined(_ tensors: [Tensor]) throws(RobustnessError) -> Tensor {
        let shapes = tensors.map { Array($0.shape.dimensions.dropFirst()) }
        guard let image = shapes.first, shapes.allSatisfy({ $0 == image }) else {
            throw RobustnessError(
                .data, "the parts of a result have images of different shapes, expected one")
        }
        let rows = tensors.reduce(0) { $0 + $1.shape[0] }
        do {
            return try Tensor(.f32, shape: Shape([rows] + image)) { bytes in
                var offset = 0
                for tensor in tensors {
                    tensor.withUnsafeBytes { part in
                        UnsafeMutableRawBufferPointer(
                            rebasing: bytes[offset..<(offset + part.count)]
                        ).copyMemory(from: part)
                    }
                    offset += tensor.byteCount
                }
            }
        } catch {
            throw RobustnessError(.data, "\(error)")
        }
    }
}

extension AdversarialResult {
    /// What ``metadata(sourceModel:sourceName:data:dataName:)`` sums up, row by row: with it a
    /// stored part gives back the result it came from.
    public var rowCosts: JSON {
        [
            "queries": .array(queries.map { .integer($0) }),
            "gradients": .array(gradients.map { .integer($0) }),
        ]
    }

    /// A result from its stored arrays and records.
    ///
    /// - Parameters:
    ///   - record: what ``metadata(sourceModel:sourceName:data:dataName:)`` wrote.
    ///   - rowCosts: what ``rowCosts`` wrote.
    /// - Throws: ``RobustnessError`` naming what is missing or of another length.
    public init(
        adversarial: Tensor, clean: Tensor, labels: [Int], targets: [Int], statuses: [UInt8],
        margins: [Float], distances: [Double], rowIDs: [Int], record: JSON, rowCosts: JSON
    ) throws(RobustnessError) {
        func missing(_ what: String) -> RobustnessError {
            RobustnessError(.data, "the record of a stored part lacks its \(what)")
        }
        let count = labels.count
        func numbers(_ key: String) throws(RobustnessError) -> [Int] {
            let values = rowCosts[key]?.arrayValue?.compactMap(\.integerValue) ?? []
            guard values.count == count else { throw missing("\(key) of \(count) rows") }
            return values
        }
        let known = statuses.compactMap { Status(rawValue: $0) }
        guard known.count == count, margins.count == count, distances.count == count,
            targets.count == count, rowIDs.count == count
        else { throw missing("arrays for \(count) rows") }
        guard let attack = record["attack"], let threat = record["threat_model"] else {
            throw missing("attack or threat model")
        }
        guard let seed = record["seed"]?.integerValue, seed >= 0 else { throw missing("seed") }
        guard let zeroGradientRows = record["zero_gradient_rows"]?.integerValue else {
            throw missing("count of zero gradients")
        }
        guard let seconds = record["cost"]?["wall_seconds"]?.doubleValue else {
            throw missing("time")
        }
        let stages = record["stages"]?.arrayValue?.map(\.integerValue) ?? []
        guard stages.isEmpty || stages.count == count else { throw missing("stages") }
        self.init(
            adversarial: adversarial, clean: clean, labels: labels, targets: targets,
            statuses: known, margins: margins, distances: distances, rowIDs: rowIDs,
            queries: try numbers("queries"), gradients: try numbers("gradients"),
            zeroGradientRows: zeroGradientRows, stages: stages,
            stageNames: record["stage_names"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            wallSeconds: seconds, threatModel: try ThreatModel(json: threat),
            seed: UInt64(seed), attack: attack)
        details = record["details"]
    }
}
