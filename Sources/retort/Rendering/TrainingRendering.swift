// SPDX-License-Identifier: Apache-2.0

import Reporting

enum TrainingRendering {
    static func text(_ outcome: TrainingRun.Outcome) -> String {
        var lines = [
            "checkpoint '\(outcome.name)' is epoch \(outcome.epoch), \(NumberText.count(outcome.parameterCount)) parameters",
            "digest \(outcome.digest)",
            "loss: \(outcome.effectiveWeights)",
        ]
        var accuracy = "accuracy: test \(NumberText.percent(outcome.testAccuracy ?? .nan))"
        if let validation = outcome.validationAccuracy {
            accuracy += ", validation \(NumberText.percent(validation))"
        }
        if let robust = outcome.robustValidationAccuracy {
            accuracy += ", perturbed validation rows \(NumberText.percent(robust))"
        }
        lines.append(accuracy)
        lines.append(
            "\(NumberText.count(Int(outcome.imagesPerSecond))) images/s, \(NumberText.short(outcome.seconds)) s in all"
        )
        return lines.joined(separator: "\n")
    }
}
