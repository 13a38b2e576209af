// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// How far predictions on the examples are from turning over.
///
/// An example whose two largest logits nearly tie can change sides with the batch size or the
/// machine, so its success is fragile.
public struct MarginSummary: Hashable, Sendable {
    /// Gaps below this are fragile.
    public static let fragileGap: Float = 1e-4

    public let fragileRows: Int
    /// Rows whose class on the example is another when they are run alone, among the fragile ones.
    public let unstableRows: Int
    /// Rows whose class on the example is another in double precision, among the fragile ones; nil
    /// where the model does not run in it.
    public let unstableInDouble: Int?
    /// Accuracy over all rows with the fragile ones judged in double precision; nil where the model
    /// does not run in it.
    public let accuracyInDouble: Rate?
    /// Of z_1 - z_2 on the examples, at the shares of ``Quantiles/shares``.
    public let gaps: Quantiles

    /// `{fragile_rows, unstable_rows, unstable_in_double, accuracy_in_double, fragile_below,
    /// gap_quantiles}`.
    public var json: JSON {
        [
            "fragile_rows": .integer(fragileRows),
            "unstable_rows": .integer(unstableRows),
            "unstable_in_double": unstableInDouble.map { .integer($0) } ?? .null,
            "accuracy_in_double": accuracyInDouble?.json ?? .null,
            "fragile_below": .float(Self.fragileGap),
            "gap_quantiles": gaps.json,
        ]
    }
}

extension Evaluator {
    /// Runs fragile rows again, alone and in double precision.
    func margins(_ outcomes: [RowOutcome]) throws(RobustnessError) -> MarginSummary {
        let fragile = outcomes.indices.filter { outcomes[$0].gap < MarginSummary.fragileGap }
        let values = set.pixelCount
        var (alone, inDouble) = (0, 0)
        var correct = outcomes.count { $0.isAdversarialCorrect }
        let runner = model.single ?? model.classifier
        for row in fragile {
            set.adversarial.copyPixels(row..<(row + 1), to: examples.pointer(at: 0))
            try forward(examples, count: 1, on: runner)
            let outcome = outcomes[row]
            if logitRow(0).prediction != outcome.storedPrediction { alone += 1 }
            guard let reference = model.reference else { continue }
            let logits = reference.logits(Array(examples.prefix(values)))
            let prediction = logits.indices.max { logits[$0] < logits[$1] }
            if prediction != outcome.storedPrediction { inDouble += 1 }
            if outcome.isAdmissible {
                correct += (prediction == outcome.label ? 1 : 0)
                correct -= (outcome.isAdversarialCorrect ? 1 : 0)
            }
        }
        return MarginSummary(
            fragileRows: fragile.count, unstableRows: alone,
            unstableInDouble: model.reference == nil ? nil : inDouble,
            accuracyInDouble: model.reference == nil ? nil : Rate(correct, of: outcomes.count),
            gaps: Quantiles(of: outcomes.map(\.gap)))
    }
}
