// SPDX-License-Identifier: Apache-2.0

public import Tensors
import Training

/// Signs that a model hides its gradient from attacks rather than resists them (Athalye, Carlini
/// and Wagner, "Obfuscated gradients give a false sense of security", 2018), measured on clean rows.
public struct MaskingSigns: Hashable, Sendable {
    /// Rows looked at, evenly spaced over the set.
    public let rows: Int
    /// Rows whose cross-entropy input gradient is exactly zero in every pixel.
    public let zeroCrossEntropy: Rate
    /// The same for the log-odds, which cannot underflow: zero here means a dead network.
    public let zeroLogOdds: Rate
    /// Of z_1 - z_2. In `Float` cross-entropy gradients are gone above about 104.
    public let logitGaps: Quantiles

    /// Sentences about what looks masked; empty when nothing does.
    public var findings: [String] {
        guard let crossEntropy = zeroCrossEntropy.value, let logOdds = zeroLogOdds.value else {
            return []
        }
        var findings: [String] = []
        if crossEntropy > logOdds {
            findings.append(
                "the cross-entropy gradient is exactly zero on \(zeroCrossEntropy.count) of \(rows) clean rows, the log-odds gradient on \(zeroLogOdds.count): attacks on cross-entropy see nothing there, which says nothing about the model"
            )
        }
        if logOdds > 0 {
            findings.append(
                "the log-odds gradient is exactly zero on \(zeroLogOdds.count) of \(rows) clean rows: gradient attacks cannot judge them"
            )
        }
        return findings
    }

    /// `{rows, zero_gradient_share, zero_log_odds_gradient_share, logit_gap, findings}`.
    public var json: JSON {
        [
            "rows": .integer(rows),
            "zero_gradient_share": zeroCrossEntropy.json,
            "zero_log_odds_gradient_share": zeroLogOdds.json,
            "logit_gap": logitGaps.json,
            "findings": .array(findings.map { .string($0) }),
        ]
    }
}

extension Evaluator {
    /// Looks for masking on at most `limit` clean rows.
    func maskingSigns(limit: Int) throws(RobustnessError) -> MaskingSigns {
        let count = min(limit, set.count)
        let chosen = (0..<count).map { $0 * set.count / max(count, 1) }
        var (zeroCrossEntropy, zeroLogOdds) = (0, 0)
        var gaps: [Float] = []
        for first in stride(from: 0, to: count, by: capacity) {
            let rows = Array(chosen[first..<min(first + capacity, count)])
            for (position, row) in rows.enumerated() {
                set.clean.copyPixels(
                    row..<(row + 1), to: images.pointer(at: position * set.pixelCount))
            }
            zeroCrossEntropy += try zeroGradients(of: .crossEntropy, rows: rows)
            zeroLogOdds += try zeroGradients(of: .logOdds, rows: rows)
            gaps += rows.indices.map { logitRow($0).gap }
        }
        return MaskingSigns(
            rows: count, zeroCrossEntropy: Rate(zeroCrossEntropy, of: count),
            zeroLogOdds: Rate(zeroLogOdds, of: count), logitGaps: Quantiles(of: gaps))
    }

    /// How many of the images in ``images`` have no gradient at all.
    private func zeroGradients(of loss: AttackLoss, rows: [Int]) throws(RobustnessError) -> Int {
        let goals = rows.map {
            AttackGoal(reference: set.labels[$0], isTargeted: false, label: set.labels[$0])
        }
        let (count, classCount) = (rows.count, classCount)
        let values = set.pixelCount
        do throws(TrainingError) {
            try classifier.inputGradient(
                of: images.prefix(count * values), count: count,
                into: gradient.mutablePrefix(count * values),
                logits: logits.mutablePrefix(count * classCount)
            ) { logits, slopes in
                guard let logits = logits.baseAddress, let slopes = slopes.baseAddress else {
                    return
                }
                for (position, goal) in goals.enumerated() {
                    loss.gradient(
                        of: logits + position * classCount, classCount: classCount, goal: goal,
                        into: slopes + position * classCount)
                }
            }
        } catch {
            throw RobustnessError(.model, error.description)
        }
        return (0..<count).count { position in
            let slopes = gradient.pointer(at: position * values)
            return (0..<values).allSatisfy { slopes[$0] == 0 }
        }
    }
}
