// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

extension DiffText {
    /// Which layout rules were used, and why.
    var rules: [String] {
        let rules = comparison.rules
        guard !rules.isEmpty else { return [] }
        return ["layout rules used:"]
            + rules.map { rule in
                let names = rule.names.prefix(4).map(printable).joined(separator: ", ")
                let more = rule.names.count > 4 ? " and \(rule.names.count - 4) more" : ""
                return "  \(rule.text)  for \(names)\(more)\(Self.reason(rule.basis))"
            }
    }

    private static func reason(_ basis: Alignment.Basis) -> String {
        switch basis {
        case .none, .roles: ""
        case .shapes: " (inferred from the shapes)"
        case .values: " (inferred from the values)"
        }
    }

    /// What is told and does not count.
    var notes: [String] {
        let weights = comparison.weights
        var notes = weights.implied.map {
            "\(printable($0.name)) is only in \($0.isInA ? "A" : "B"): \($0.reason)"
        }
        for pair in weights.unread {
            guard case .unread(let problem) = pair.outcome else { continue }
            notes.append("\(printable(pair.a.name)) was not compared: \(problem)")
        }
        for pair in weights.pairs where pair.differsInBitsAlone {
            let count = pair.difference?.differentBits ?? 0
            notes.append(
                "\(printable(pair.a.name)): \(NumberText.count(count)) equal values have other "
                    + "bits (signed zeros, payloads of NaN)")
        }
        notes += specialValues
        switch comparison.architecture {
        case .different: notes.append("the two graphs differ, which is a difference")
        case .worded: notes.append("the two graphs are worded differently, which does not count")
        case .same, .unknown: break
        }
        if !comparison.metadataKeys.isEmpty {
            let keys = comparison.metadataKeys.prefix(8).map(printable).joined(separator: ", ")
            let more = comparison.metadataKeys.count > 8 ? ", ..." : ""
            notes.append("metadata differ, which does not count: \(keys)\(more)")
        }
        notes += weights.remarks
        return notes.map { "note: " + $0 }
    }

    private var specialValues: [String] {
        let differences = comparison.weights.pairs.compactMap(\.difference)
        let (nan, infinite) = (
            differences.reduce(0) { $0 + $1.sharedNaN },
            differences.reduce(0) { $0 + $1.sharedInfinity }
        )
        guard nan + infinite > 0 else { return [] }
        return [
            "\(NumberText.count(nan)) NaNs and \(NumberText.count(infinite)) infinities stand in "
                + "both files and count as equal"
        ]
    }
}
