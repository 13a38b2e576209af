// SPDX-License-Identifier: Apache-2.0

import Interchange
import Reporting
import Tensors

/// What a conversion did and showed, as lines and as JSON.
struct ConversionRendering {
    let outcome: Conversion.Outcome

    private var certificate: ConversionCertificate { outcome.certificate }
    private var lines: [ConversionProof.Line] { certificate.proof.lines }

    var json: JSON {
        var json = certificate.json
        json["bytes"] = .integer(outcome.byteCount)
        json["seconds"] = .number(outcome.seconds)
        return json
    }

    var text: String {
        let (source, target) = (certificate.source, certificate.target)
        var text = [
            "\(Self.title(source)) -> \(Self.title(target))",
            "\(Self.counted(lines.count, "tensor")), \(NumberText.bytes(outcome.byteCount)), "
                + NumberText.duration(seconds: outcome.seconds),
        ]
        text += rules + casts
        text += certificate.plan.leftOut.map {
            "left out: '\(printable($0.name))', \($0.reason)"
        }
        text += certificate.plan.notes.map { "note: \(printable($0))" }
        text.append("proof: " + certificate.verdict)
        text.append("logits: " + logits)
        return text.joined(separator: "\n")
    }

    private static func title(_ side: ConversionCertificate.Side) -> String {
        let checkpoint = side.checkpoint.map { "checkpoint '\($0)' of " } ?? ""
        return "\(checkpoint)\(printable(side.path)) (\(side.format.title))"
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(NumberText.count(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    private var rules: [String] {
        var order: [String] = []
        var counts: [String: Int] = [:]
        for line in lines {
            guard let rule = line.isImplied ? "added, the value that stands for none" : line.rule
            else { continue }
            if counts[rule] == nil { order.append(rule) }
            counts[rule, default: 0] += 1
        }
        return order.map { "layout: \($0) (\(Self.counted(counts[$0] ?? 0, "tensor")))" }
    }

    private var casts: [String] {
        let reports = lines.compactMap { line in line.cast.map { (line.target, $0) } }
        guard let worst = reports.max(by: { $0.1.relativeError < $1.1.relativeError }) else {
            return []
        }
        let overflowed = reports.reduce(0) { $0 + $1.1.overflowed }
        let underflowed = reports.reduce(0) { $0 + $1.1.underflowed }
        let largest = reports.map(\.1.maximumError).max() ?? 0
        return [
            "cast: \(Self.counted(reports.count, "tensor")) to \(worst.1.target), largest error "
                + "\(NumberText.short(largest)), largest relative error "
                + "\(NumberText.short(worst.1.relativeError)) in '\(printable(worst.0))', "
                + "\(overflowed) became infinite, \(underflowed) became zero"
        ]
    }

    private var logits: String {
        guard let logits = certificate.proof.logits else {
            return "not compared, " + printable(certificate.unrun ?? "")
        }
        return "largest difference \(NumberText.short(logits.maximumDifference)) beside logits up "
            + "to \(NumberText.short(logits.magnitude)), "
            + "\(Self.counted(logits.changedPredictions, "changed prediction")) on \(logits.batch)"
    }
}
