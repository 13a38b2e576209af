// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What a set says of its rows and its making, held against its arrays.
struct ClaimAudit {
    private let set: AdversarialSet
    private let rows: [RowCheck]

    init(_ set: AdversarialSet, _ rows: [RowCheck]) {
        self.set = set
        self.rows = rows
    }

    var defects: [SetDefect] {
        [distances, targets, source, data, record].compactMap { $0 }
    }

    private var distances: SetDefect? {
        let stated = set.claims.distances
        guard stated.count == rows.count else { return nil }
        // `Float` distances of other tools are good to some 1e-6 of themselves.
        let wrong = rows.indices.filter {
            rows[$0].isFinite && !stated[$0].isNaN
                && !(abs(stated[$0] - rows[$0].distance) <= 1e-4 * rows[$0].distance + 1e-5)
        }
        guard let first = wrong.first else { return nil }
        return SetDefect(
            .distanceDisagrees, rowIDs: wrong.map { set.rowIDs[$0] },
            "the stored distance of \(wrong.count) rows is not the measured one: row \(set.rowIDs[first]) says \(stated[first]), its pixels say \(rows[first].distance)"
        )
    }

    private var targets: SetDefect? {
        let aimed = set.targets.indices.filter {
            set.targets[$0] >= 0 && set.targets[$0] == set.labels[$0]
                && !(set.claims.statuses.indices.contains($0)
                    && set.claims.statuses[$0] == "skipped")
        }
        guard !aimed.isEmpty else { return nil }
        return SetDefect(
            .targetIsLabel, rowIDs: aimed.map { set.rowIDs[$0] },
            "\(aimed.count) rows aim at their own label, where being right would count as success")
    }

    private var source: SetDefect? {
        guard let text = set.claims.record["source_model"]?["digest"]?.stringValue,
            let source = set.sourceModel, text != source.hexadecimal
        else { return nil }
        let name = set.claims.record["source_model"]?["name"]?.stringValue ?? "a model"
        return SetDefect(
            .sourceDisagrees,
            "the record says it was made with \(name) (\(text.prefix(12))), the set is bound to the model \(source.short)"
        )
    }

    private var data: SetDefect? {
        guard let text = set.claims.record["data"]?["digest"]?.stringValue,
            let data = set.claims.data, text != data.hexadecimal
        else { return nil }
        return SetDefect(
            .dataDisagrees,
            "the record says its data are \(text.prefix(12)), the set is bound to the data \(data.short)"
        )
    }

    /// What a reader needs to make the set again.
    private var record: SetDefect? {
        let record = set.claims.record
        guard record != .null else { return nil }
        var missing: [String] = []
        let attack = record["attack"] ?? .null
        if attack["name"]?.stringValue == nil || attack["name"] == "imported" {
            missing.append("the attack's name")
        }
        if attack["parameters"]?.objectValue == nil { missing.append("its parameters") }
        if attack["parameters"]?["loss"] == nil, Self.hasLoss(attack["name"]?.stringValue) {
            missing.append("its loss")
        }
        if record["seed"]?.integerValue == nil { missing.append("the seed") }
        if record["generator"]?.stringValue == nil { missing.append("the random generator") }
        if record["cost"]?["queries"]?.integerValue == nil { missing.append("the queries") }
        if record["cost"]?["wall_seconds"]?.doubleValue == nil { missing.append("the time") }
        if record["library"] == nil { missing.append("the library and its version") }
        if record["model_mode"] == nil { missing.append("the model's mode") }
        guard !missing.isEmpty else { return nil }
        return SetDefect(
            .recordIncomplete,
            "the record does not say \(missing.joined(separator: ", ")), so nobody can make the set again"
        )
    }

    private static func hasLoss(_ name: String?) -> Bool {
        ["fgsm", "bim", "mi-fgsm", "pgd", "apgd"].contains(name)
    }
}
