// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Whether the threat model a set claims fits its pixels and the record of its attack.
struct ThreatAudit {
    private let set: AdversarialSet
    private let rows: [RowCheck]
    private let threat: ThreatModel
    private let parameters: JSON?

    init(_ set: AdversarialSet, _ rows: [RowCheck]) {
        self.set = set
        self.rows = rows
        threat = set.threatModel
        parameters = set.attack["parameters"]
    }

    var defects: [SetDefect] {
        [scale, missing, measured, recordedNorm, shapeOfChanges, recordedEpsilon].compactMap { $0 }
    }

    private var changed: [RowCheck] { rows.filter { $0.isFinite && $0.changed > 0 } }

    /// `8` where pixels are in 0...1.
    private var scale: SetDefect? {
        guard let epsilon = threat.epsilon, threat.norm != .l0 else { return nil }
        if threat.norm == .linf, epsilon.value > 1 {
            return SetDefect(
                .epsilonScale,
                "epsilon is \(epsilon) where pixels are in 0...1, so it allows every image; \(epsilon)/255 may be meant"
            )
        }
        let largest = changed.map(\.distance).max() ?? 0
        guard largest > 0, epsilon.value > 1, abs(largest * 255 / epsilon.value - 1) < 0.02 else {
            return nil
        }
        return SetDefect(
            .epsilonScale,
            "epsilon is \(epsilon) and the largest distance \(largest), a 255th of it: epsilon is in units of 0...255, expected those of the pixels, 0...1"
        )
    }

    /// The attack has a budget, the threat model does not say it.
    private var missing: SetDefect? {
        guard threat.epsilon == nil, let text = parameters?["epsilon"]?.stringValue,
            text != "none"
        else { return nil }
        return SetDefect(
            .epsilonMissing,
            "the attack was made with epsilon=\(text), but the threat model has no epsilon, so no distance can be checked"
        )
    }

    private var measured: SetDefect? {
        guard set.claims.record["epsilon_measured"] == true, let epsilon = threat.epsilon else {
            return nil
        }
        return SetDefect(
            .epsilonMeasured,
            "epsilon \(epsilon) is the largest distance in the set, not what its maker stated, so no row can exceed it"
        )
    }

    private var recordedNorm: SetDefect? {
        guard let norm = parameters?["norm"]?.stringValue, norm != threat.norm.rawValue else {
            return nil
        }
        return SetDefect(
            .normDisagrees,
            "the attack was made with norm=\(norm), the threat model says \(threat.norm.rawValue)")
    }

    /// Claimed linf, but it is the l2 length of the changes that meets epsilon.
    private var shapeOfChanges: SetDefect? {
        let rows = changed
        guard threat.norm == .linf, let epsilon = threat.epsilon?.value, rows.count >= 4 else {
            return nil
        }
        let atLength = rows.count { abs($0.euclidean / epsilon - 1) < 1e-3 }
        let atHeight = rows.count { $0.distance > 0.99 * epsilon }
        guard atLength * 2 > rows.count, atHeight * 4 < rows.count else { return nil }
        return SetDefect(
            .normDisagrees,
            "the changes of \(atLength) of \(rows.count) rows have an l2 length of \(epsilon) and none of them uses the linf budget: an l2 set claimed as linf"
        )
    }

    private var recordedEpsilon: SetDefect? {
        guard let text = parameters?["epsilon"]?.stringValue, let epsilon = threat.epsilon,
            let recorded = try? ExactFraction(parsing: text), recorded != epsilon
        else { return nil }
        return SetDefect(
            .epsilonDisagrees,
            "the attack was made with epsilon=\(text), the threat model says \(epsilon)")
    }
}
