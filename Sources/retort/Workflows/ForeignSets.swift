// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Robustness
import Tensors
import Training

/// Storing an adversarial set that another tool made: what `retort import --as set` does.
struct ForeignSetImport {
    let file: String
    let store: String
    let name: String
    /// What the set was made from; may be left out when the file has clean images and labels.
    var data: String?
    /// The model it was made against; nil when nobody knows.
    var checkpoint: String?
    var norm: Norm?
    /// As the user wrote it: `8/255`.
    var epsilon: String?
    /// What made it, for the record.
    var attack: String?
    var selection = ForeignSet.Selection()

    struct Outcome {
        let name: String
        let digest: Digest
        let set: ForeignSet
        let sourceDigest: Digest
        let threatModel: ThreatModel
        let isEpsilonMeasured: Bool
        let judged: JudgedRows
        /// Rows further from their clean image than epsilon allows.
        let violations: Int

        var json: JSON {
            [
                "set": .string(name), "digest": .string(digest.hexadecimal),
                "form": set.form.map { .string($0.rawValue) } ?? .null,
                "rows": .integer(set.count),
                "source_digest": sourceDigest == Reference.unnamedModel
                    ? .null : .string(sourceDigest.hexadecimal),
                "threat_model": threatModel.json,
                "epsilon_measured": .bool(isEpsilonMeasured),
                "max_distance": .number(judged.distances.max() ?? 0),
                "violations": .integer(violations),
                "status_counts": judged.statusCounts,
                "remarks": .array(set.remarks.map { .string($0) }),
            ]
        }
    }

    func run() throws -> Outcome {
        let rows = try data.map { try LoadedRows($0, part: .test) }
        var set = try ForeignSet.read(
            file, imageShape: rows?.images.imageShape, selection: selection)
        let aligned = try AlignedRows(of: set, with: rows, file: file)
        set.remarks += aligned.remarks
        let source = try checkpoint.map { try Store.open(path: store).checkpoint(named: $0) }
        let sourceDigest = try sourceDigest(of: set, checkpoint: source)
        let writer = try StoreWriter.openOrCreate(path: store)
        defer { writer.close() }
        try writer.requireFree(.adversarialSet, name)
        let (threatModel, isMeasured) = try threatModel(of: set, clean: aligned.clean)
        let judged = try JudgedRows(
            set, aligned: aligned, norm: threatModel.norm,
            classifier: source.flatMap { $0.architecture == .null ? nil : $0 }?
                .classifier(in: store))
        let violations = judged.distances.count { $0 > threatModel.tolerated }
        guard violations * 2 <= set.count else {
            throw Failure(
                "\(file): \(violations) of \(set.count) rows are further from their clean rows than "
                    + "\(threatModel.description), expected the rows of the data in their order")
        }
        let content = AdversarialSetContent(
            adversarial: set.adversarial, clean: aligned.clean, labels: aligned.labels,
            targets: set.targets, status: judged.status, statusNames: judged.statusNames,
            margin: judged.margin, distance: judged.distance, rowIndex: aligned.rowIndex,
            sourceDigest: sourceDigest, dataDigest: aligned.dataDigest,
            metadata: metadata(of: set, threatModel, isMeasured, aligned, judged))
        let digest = try writer.append(adversarialSet: content, named: name)
        try writer.commit()
        return Outcome(
            name: name, digest: digest, set: set, sourceDigest: sourceDigest,
            threatModel: threatModel, isEpsilonMeasured: isMeasured, judged: judged,
            violations: violations)
    }

    private func sourceDigest(of set: ForeignSet, checkpoint: Checkpoint?) throws -> Digest {
        let stated = try set.metadata[ForeignRecord.key]?["source_digest"]?.stringValue
            .map { try Digest(hexadecimal: $0) }
        if let stated, let checkpoint, stated != checkpoint.digest {
            throw Failure(
                "\(file): says that it was made against \(stated.short), but checkpoint "
                    + "'\(checkpoint.name)' is \(checkpoint.digest.short)")
        }
        return checkpoint?.digest ?? stated ?? Reference.unnamedModel
    }

    /// What the user says, else what the file says, else the largest distance there is.
    private func threatModel(
        of set: ForeignSet, clean: Tensor
    ) throws -> (ThreatModel, isMeasured: Bool) {
        let stated = try set.metadata["threat_model"].map { try ThreatModel(json: $0) }
        let norm = norm ?? stated?.norm ?? .linf
        if let epsilon {
            return (ThreatModel(norm: norm, epsilon: try ExactFraction(parsing: epsilon)), false)
        }
        if let stated, stated.norm == norm {
            return (stated, set.metadata["epsilon_measured"] == true)
        }
        let largest =
            try JudgedRows.distances(set.adversarial, from: clean, norm: norm).max() ?? 0
        return (ThreatModel(norm: norm, epsilon: try ExactFraction(near: largest)), true)
    }

    private func metadata(
        of set: ForeignSet, _ threatModel: ThreatModel, _ isMeasured: Bool, _ aligned: AlignedRows,
        _ judged: JudgedRows
    ) -> JSON {
        var members = set.metadata
        // What belongs to the travelling file, not to the set.
        for key in [ForeignRecord.key, "status_names", "save_type"] { members[key] = nil }
        members["threat_model"] = threatModel.json
        if isMeasured { members["epsilon_measured"] = true }
        if attack != nil || members["attack"] == nil {
            let made = attack ?? set.form.map { "\($0.rawValue) file" } ?? "file"
            members["attack"] = ["name": "imported", "text": .string(made)]
        }
        if set.form != .npz || members["imported_from"] == nil,
            set.metadata[ForeignRecord.key] == nil
        {
            members["imported_from"] = [
                "file": .string(file.split(separator: "/").last.map(String.init) ?? file),
                "form": set.form.map { .string($0.rawValue) } ?? .null,
                "remarks": .array(set.remarks.map { .string($0) }),
            ]
        }
        if members["data"] == nil {
            members["data"] = [
                "name": .string(aligned.dataName),
                "digest": .string(aligned.dataDigest.hexadecimal),
            ]
        }
        if members["class_names"] == nil {
            members["class_names"] = .array(aligned.classNames.map { .string($0) })
        }
        members["status_counts"] = judged.statusCounts
        return .object(members)
    }
}

/// What Retort's own NPZ files say of the object they hold, beside its metadata.
enum ForeignRecord {
    static let key = "retort_object"
}
