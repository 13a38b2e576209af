// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

/// The proof of a conversion, as people and programs can check it again.
struct ConversionCertificate {
    /// One side of a conversion.
    struct Side {
        let path: String
        let format: WeightFormat
        /// All files of the model; empty for a store, whose other objects do not matter.
        var files: [FileIdentity] = []
        var checkpoint: String?
        var checkpointDigest: Digest?

        var json: JSON {
            var json: JSON = [
                "path": .string(path), "format": .string(format.rawValue),
                "files": .array(files.map(\.json)),
            ]
            if let checkpoint { json["checkpoint"] = .string(checkpoint) }
            if let checkpointDigest {
                json["checkpoint_digest"] = .string(checkpointDigest.hexadecimal)
            }
            return json
        }
    }

    let source: Side
    let target: Side
    let plan: ConversionPlan
    let proof: ConversionProof
    /// Why the logits were not compared; nil when they were.
    let unrun: String?

    var json: JSON {
        [
            "certificate": "retort-conversion-1", "tool": .string("retort \(Retort.version)"),
            "source": source.json, "target": target.json,
            "layout": plan.layout.map { .string($0.rawValue) } ?? .null,
            "tensors": .array(proof.lines.map(Self.json)),
            "left_out": .array(
                plan.leftOut.map { ["name": .string($0.name), "reason": .string($0.reason)] }),
            "logits": proof.logits?.json ?? ["not_compared": .string(unrun ?? "")],
            "notes": .array(plan.notes.map { .string($0) }),
            "verdict": .string(verdict),
        ]
    }

    /// What was shown, and no more.
    var verdict: String {
        let moved = proof.lines.count { $0.rule != nil }
        let cast = proof.lines.count { $0.cast != nil }
        var text = "every tensor was read back with the digest it was written with"
        if moved > 0 {
            text += "; undoing the layout of \(moved) gave the source's elements back"
        }
        if cast > 0 { text += "; \(cast) were cast, with the errors stated" }
        if let logits = proof.logits {
            text +=
                logits.tolerance == nil
                ? "; logits differ by the cast alone"
                : "; both models give equal logits within "
                    + NumberText.short(logits.tolerance ?? 0, digits: 2)
        }
        return text
    }

    private static func json(_ line: ConversionProof.Line) -> JSON {
        var json: JSON = [
            "source": line.source.map { .string($0) } ?? .null, "target": .string(line.target),
            "source_digest": .string(line.sourceDigest.hexadecimal),
            "target_digest": .string(line.targetDigest.hexadecimal),
            "rule": .string(line.isImplied ? "implied" : line.rule ?? "unchanged"),
        ]
        if let isEqual = line.isInverseEqual { json["inverse_equal"] = .bool(isEqual) }
        if let cast = line.cast { json["cast"] = cast.json }
        return json
    }
}
