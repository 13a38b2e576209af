// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Interchange
import Reporting
import Tensors

/// The findings of a verification as text and as JSON.
struct VerificationRendering {
    let outcome: Verification.Outcome

    init(_ outcome: Verification.Outcome) {
        self.outcome = outcome
    }

    var text: String {
        var lines = ["\(outcome.path): \(outcome.title), \(verdict)"]
        lines += outcome.problems.map { "  " + printable($0.description) }
        for reference in outcome.broken {
            let objects = reference.objects.joined(separator: " = ")
            lines.append("  " + printable("\(objects): \(reference.sentence)"))
        }
        lines += outcome.remarks.map { "  note: " + printable($0) }
        if let doctor = outcome.doctor {
            lines.append("  doctor:")
            lines += doctor.lines.map { "    " + printable($0) }
        }
        if !outcome.checked.isEmpty {
            lines.append("checked: " + outcome.checked.map(printable).joined(separator: "; "))
        }
        if !outcome.unchecked.isEmpty {
            lines.append("not checked: " + outcome.unchecked.map(printable).joined(separator: "; "))
        }
        return lines.joined(separator: "\n")
    }

    private var verdict: String {
        if outcome.isSound { return "sound" }
        let count = outcome.problems.count + outcome.broken.count { $0.isUnsound }
        return "NOT SOUND: \(count) problem\(count == 1 ? "" : "s")"
    }

    var json: JSON {
        var object: [String: JSON] = [
            "sound": .bool(outcome.isSound),
            "file": .string(outcome.path),
            "format": .string(outcome.format),
            "full": .bool(outcome.isFull),
            "problems": .array(
                outcome.problems.map { problem($0.object, $0.problem) }
                    + outcome.broken.filter(\.isUnsound).map {
                        problem($0.objects.first ?? "", $0.sentence)
                    }),
            "stale": .array(outcome.broken.filter(\.isStale).map(reference)),
            "missing": .array(outcome.broken.filter { !$0.isStale }.map(reference)),
            "checked": .array(outcome.checked.map { .string($0) }),
            "not_checked": .array(outcome.unchecked.map { .string($0) }),
            "remarks": .array(outcome.remarks.map { .string($0) }),
        ]
        if let doctor = outcome.doctor {
            object["doctor"] = [
                "lines": .array(doctor.lines.map { .string($0) }),
                "first_mismatch": doctor.firstMismatch.map { .string($0) } ?? .null,
                "loads": .bool(doctor.firstMismatch == nil),
            ]
        }
        return .object(object)
    }

    private func problem(_ object: String, _ problem: String) -> JSON {
        ["object": .string(object), "problem": .string(problem)]
    }

    private func reference(_ reference: BrokenReference) -> JSON {
        [
            "objects": .array(reference.objects.map { .string($0) }),
            "relation": .string(reference.relation.rawValue),
            "digest": .string(reference.digest.hexadecimal),
            "name": reference.name.map { .string($0) } ?? .null,
            "problem": .string(reference.sentence),
        ]
    }
}
