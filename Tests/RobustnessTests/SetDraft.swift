// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport

@testable import Robustness

/// A stored set that tests spoil in one way each: 60 rows of 8-bit images with PGD examples, and the
/// data they come from.
struct SetDraft {
    static let digest = Digest(hashing: Array("model".utf8))
    static let values = 36

    let model = parityNetwork(batchSize: 32)
    let data: LabelledImages
    var shape: [Int]
    var adversarial: [Float]
    var clean: [Float]
    var labels: [Int]
    var targets: [Int]
    var record: JSON
    var claims: SetClaims
    /// Whether the data are there to be compared with.
    var hasData = true

    init(attack: String = "pgd:epsilon=26/255,start=none", seed: UInt64 = 5) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        let bytes = (0..<(60 * Self.values)).map { _ in UInt8(40 + stream.integer(below: 176)) }
        let pixels = bytes.map { Float($0) / 255 }
        labels = try predictions(model, pixels)
        data = try LabelledImages(
            images: Tensor(trusted: .u8, shape: [60, 1, 6, 6], values: bytes), labels: labels,
            classCount: 5)
        let result = try AttackSpecification.parse(attack).craft(against: model, images: data)
        shape = result.adversarial.shape.dimensions
        adversarial = try result.adversarial.floats()
        clean = try result.clean.floats()
        targets = result.targets
        labels = result.labels
        record = result.metadata(
            sourceModel: Self.digest, sourceName: "teacher", data: data.digest(), dataName: "test")
        record["rows"] = ["indices": .array(result.rowIDs.map { .integer($0) })]
        claims = SetClaims(
            statuses: result.statuses.map(\.name), margins: result.margins.map(Double.init),
            distances: result.distances, record: record, data: data.digest())
    }

    /// Row `row`'s places among the pixels.
    func pixels(_ row: Int) -> Range<Int> { (row * Self.values)..<((row + 1) * Self.values) }

    /// The first row with this status.
    func row(_ status: String) -> Int { claims.statuses.firstIndex(of: status) ?? 0 }

    mutating func setRowIDs(_ rowIDs: [Int]) {
        record["rows"] = ["indices": .array(rowIDs.map { .integer($0) })]
    }

    /// Says `value` under `path` of the record, in the arrays' metadata and in the claims.
    mutating func say(_ path: String, _ value: JSON) {
        let keys = path.split(separator: ".").map(String.init)
        func changed(_ json: JSON, _ keys: ArraySlice<String>) -> JSON {
            guard let key = keys.first else { return value }
            var json = json
            json[key] = changed(json[key] ?? .object([:]), keys.dropFirst())
            return json
        }
        record = changed(record, keys[...])
    }

    /// Leaves out what only the attack could know, so that a foreign set remains.
    mutating func forget() {
        claims.statuses = []
        claims.margins = []
        claims.distances = []
    }

    func set() throws -> AdversarialSet {
        var claims = claims
        claims.record = record
        var metadata = record
        metadata["source_model"] = ["digest": .string(Self.digest.hexadecimal)]
        return try AdversarialSet(
            name: "set", adversarial: Tensor(adversarial, shape: Shape(trusted: shape)),
            clean: Tensor(clean, shape: Shape(trusted: shape)), labels: labels, targets: targets,
            metadata: metadata, claims: claims)
    }

    func audit() throws -> SetAudit {
        try SetAudit(set(), data: hasData ? data : nil, dataName: "'test'")
    }

    /// On the model the set was made with.
    func evaluation() throws -> Evaluation {
        try Evaluator.evaluate(
            EvaluatedModel(
                name: "teacher", digest: Self.digest, classifier: model,
                single: parityNetwork(batchSize: 1)), on: audit(), masking: .notMeasured)
    }
}
