// SPDX-License-Identifier: Apache-2.0

import Robustness
import Tensors

extension SweepResults {
    /// What `retort sweep --json` prints.
    var json: JSON {
        [
            "prefix": .string(prefix), "architecture": .string(architecture),
            "data": .string(data), "epochs": epochs.map { .integer($0) } ?? .null,
            "baseline": baseline?.json ?? .null,
            "published_baseline": .optional(published?.baseline),
            "temperatures": .array(temperatures.map(\.json)),
            "spearman": .optional(spearman),
            "spearman_scaled": .optional(scaledSpearman),
        ]
    }
}

extension SweepResults.Temperature {
    var json: JSON {
        [
            "temperature": .number(temperature), "teacher_accuracy": .optional(teacherAccuracy),
            "student": student.json, "published_success": .optional(publishedSuccess),
        ]
    }
}

extension SweepResults.Model {
    var json: JSON {
        [
            "checkpoint": .string(checkpoint), "digest": .string(digest.hexadecimal),
            "test_accuracy": .optional(testAccuracy), "jsma": jsma?.json ?? .null,
            "jsma_scaled": scaledJSMA?.json ?? .null, "pgd": logOddsPGD?.json ?? .null,
            "pgd_ce": crossEntropyPGD?.json ?? .null, "cw": carliniWagner?.json ?? .null,
            "gradients": gradients?.json ?? .null,
        ]
    }
}

extension SweepResults.Targeted {
    var json: JSON {
        [
            "set": .string(set), "attack": .string(attack), "sources": .integer(sources),
            "attacks": .integer(success.total), "successes": .integer(success.count),
            "success": .optional(success.value),
            "interval_95": [.number(interval.lowerBound), .number(interval.upperBound)],
            "mean_features": .optional(meanFeatures),
            "hardness": [
                "reached": .integer(hardness.reached), "censored": .integer(hardness.censored),
                "mean_reached": .optional(hardness.meanReached),
                "mean_at_least": .optional(hardness.meanAtLeast),
                "median": .optional(hardness.median),
            ],
        ]
    }
}

extension SweepResults.InBall {
    var json: JSON {
        [
            "set": .string(set), "attack": .string(attack), "threat_model": .string(threatModel),
            "rows": .integer(adversarialAccuracy.total),
            "adversarial_accuracy": .optional(adversarialAccuracy.value),
            "interval_95": [
                .number(adversarialAccuracy.interval.lowerBound),
                .number(adversarialAccuracy.interval.upperBound),
            ],
        ]
    }
}

extension SweepResults.Minimal {
    var json: JSON {
        [
            "set": .string(set), "attack": .string(attack), "rows": .integer(success.total),
            "success": .optional(success.value), "mean_distance": .optional(meanDistance),
            "median_distance": .optional(medianDistance),
        ]
    }
}

extension SweepGradients {
    var json: JSON {
        [
            "rows": .integer(rows), "probability_amplitude": .number(probabilityAmplitude),
            "log_odds_amplitude": .number(logOddsAmplitude),
            "zero_gradient_share": .optional(zeroCrossEntropy.value),
            "zero_log_odds_gradient_share": .optional(zeroLogOdds.value),
            "mean_logit_gap": .number(meanGap), "median_logit_gap": .number(medianGap),
            "mean_logit_l1": .number(meanLogitNorm),
        ]
    }
}

extension JSON {
    fileprivate static func optional(_ value: Double?) -> JSON {
        value.map { .number($0) } ?? .null
    }
}
