// SPDX-License-Identifier: Apache-2.0

import Interchange
import Tensors

/// A comparison as JSON. `equal`, `only_in_a`, `only_in_b`, `changed` (with `name`, `reason`,
/// `max_abs`, `rel_l2`, `cosine`) and `renamed` are what scripts rely on.
struct DiffJSON {
    let comparison: FileComparison

    init(_ comparison: FileComparison) {
        self.comparison = comparison
    }

    private var weights: WeightComparison { comparison.weights }

    var json: JSON {
        var json: JSON = [
            "equal": .bool(comparison.isEqual), "different": .bool(comparison.isDifferent),
            "file_a": .string(comparison.a.title), "file_b": .string(comparison.b.title),
            "format_a": .string(comparison.a.file.format.rawValue),
            "format_b": .string(comparison.b.file.format.rawValue),
            "only_in_a": .array(weights.onlyInA.map { .string($0.name) }),
            "only_in_b": .array(weights.onlyInB.map { .string($0.name) }),
            "changed": .array(weights.changed.map(pair)),
            "renamed": .array(weights.renamed.map(renaming)),
        ]
        json["within_tolerance"] = .array(
            weights.pairs.filter { $0.outcome == .withinTolerance }.map(pair))
        json["equal_in_value"] = .array(weights.pairs.filter(\.differsInBitsAlone).map(pair))
        json["not_compared"] = .array(
            weights.unread.map {
                guard case .unread(let problem) = $0.outcome else { return .null }
                return ["name": .string($0.a.name), "problem": .string(problem)]
            })
        json["implied"] = .array(
            weights.implied.map {
                [
                    "name": .string($0.name), "in": .string($0.isInA ? "a" : "b"),
                    "reason": .string($0.reason),
                ]
            })
        json["rules"] = rules
        json["summary"] = summary
        json["architecture"] = .string(comparison.architecture.rawValue)
        json["metadata"] = .array(comparison.metadataKeys.map { .string($0) })
        json["policy"] = policy
        json["remarks"] = .array(weights.remarks.map { .string($0) })
        return json
    }

    private func pair(_ pair: ComparedPair) -> JSON {
        var json: JSON = [
            "name": .string(pair.a.name), "matched_by": .string(pair.match.rawValue),
            "elements": .integer(pair.a.shape.elementCount),
            "max_abs": .null, "rel_l2": .null, "cosine": .null,
        ]
        if let reason = pair.reason { json["reason"] = .string(reason.rawValue) }
        if pair.b.name != pair.a.name { json["name_b"] = .string(pair.b.name) }
        if pair.a.shape != pair.b.shape {
            json["shape_a"] = .array(pair.a.shape.dimensions.map { .integer($0) })
            json["shape_b"] = .array(pair.b.shape.dimensions.map { .integer($0) })
        } else {
            json["shape"] = .array(pair.a.shape.dimensions.map { .integer($0) })
        }
        if pair.a.typeName != pair.b.typeName {
            json["dtype_a"] = .string(pair.a.typeName)
            json["dtype_b"] = .string(pair.b.typeName)
        } else {
            json["dtype"] = .string(pair.a.typeName)
        }
        if let rule = pair.alignment.text { json["rule"] = .string(rule) }
        if let hint = pair.hint { json["hint"] = .string(hint) }
        if let difference = pair.difference { add(difference, pair, to: &json) }
        return json
    }

    /// Numbers that are not finite, such as a distance relative to zeros, are null.
    private func add(_ difference: ElementDifference, _ pair: ComparedPair, to json: inout JSON) {
        json["max_abs"] = .number(difference.maximum)
        json["mean_abs"] = .number(difference.mean)
        json["rel_l2"] = difference.relativeL2.isFinite ? .number(difference.relativeL2) : .null
        json["cosine"] = difference.cosine.map { .number($0) } ?? .null
        json["max_ulp"] = difference.maximumULP.map { .integer(Int(clamping: $0)) } ?? .null
        json["different"] = .integer(difference.different)
        json["beyond"] = .integer(difference.beyond)
        json["different_bits"] = difference.differentBits.map { .integer($0) } ?? .null
        json["nan_in_both"] = .integer(difference.sharedNaN)
        json["inf_in_both"] = .integer(difference.sharedInfinity)
        json["non_finite_differences"] = .integer(difference.nonFinite)
        json["signed_zeros"] = .integer(difference.signedZeros)
        if let worst = difference.worst, let index = pair.worstIndex {
            json["worst"] = [
                "index": .array(index.map { .integer($0) }), "a": number(worst.a),
                "b": number(worst.b),
            ]
        }
    }

    /// A number, or the word for what JSON has no number for.
    private func number(_ value: Double) -> JSON {
        if value.isFinite { return .number(value) }
        return .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }

    private func renaming(_ pair: ComparedPair) -> JSON {
        var json = self.pair(pair)
        json["a"] = .string(pair.a.name)
        json["b"] = .string(pair.b.name)
        json["by"] = .string(pair.match.rawValue)
        json["certain"] = .bool(pair.match == .digest)
        return json
    }

    private var rules: JSON {
        .array(
            comparison.rules.map { rule in
                [
                    "rule": .string(rule.text), "basis": .string(rule.basis.rawValue),
                    "tensors": .array(rule.names.map { .string($0) }),
                ]
            })
    }

    private var summary: JSON {
        [
            "tensors_a": .integer(comparison.a.file.entries.count),
            "tensors_b": .integer(comparison.b.file.entries.count),
            "compared": .integer(weights.pairs.count),
            "equal": .integer(weights.pairs.count { $0.outcome == .equal }),
            "identical": .integer(weights.pairs.count { $0.difference?.isIdentical == true }),
            "within_tolerance": .integer(weights.pairs.count { $0.outcome == .withinTolerance }),
            "changed": .integer(weights.changed.count),
            "layers": .array(
                weights.layers.map {
                    [
                        "layer": .string($0.layer),
                        "rel_l2": $0.relativeL2.isFinite ? .number($0.relativeL2) : .null,
                        "max_abs": .number($0.maximum), "tensors": .integer($0.tensorCount),
                    ]
                }),
        ]
    }

    private var policy: JSON {
        [
            "atol": .number(weights.options.tolerance.absolute),
            "rtol": .number(weights.options.tolerance.relative),
            "layout": weights.options.isLayoutExact ? "exact" : "canonical",
            "nan": "equals NaN by position", "inf": "equals the same infinity",
            "negative_zero": "equals zero", "relative_to": "b",
        ]
    }
}

extension ComparedPair {
    /// Equal values that are not the same bits: signed zeros, payloads of NaN.
    var differsInBitsAlone: Bool {
        outcome == .equal && (difference?.differentBits ?? 0) > 0
    }
}

extension FileComparison {
    /// The layout rules that were used, each with the tensors it was used for.
    var rules: [(text: String, basis: Alignment.Basis, names: [String])] {
        var order: [Alignment] = []
        var names: [Alignment: [String]] = [:]
        for pair in weights.pairs where pair.alignment.text != nil {
            // Rules of one kind are listed once, whatever the shapes.
            let key =
                order.first {
                    $0.text == pair.alignment.text && $0.basis == pair.alignment.basis
                } ?? pair.alignment
            if names[key] == nil { order.append(key) }
            names[key, default: []].append(pair.a.name)
        }
        return order.map { ($0.text ?? "", $0.basis, names[$0] ?? []) }
    }
}
